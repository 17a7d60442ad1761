//! What is drawn. One component holds state ([`SurveyCard`]); the others are functions to HTML, because each Yew
//! component type costs about a kilobyte of lifecycle code and these have no life of their own.

mod alert;
mod ask;
mod element;
mod rating;
mod survey_card;
mod thanks;

pub use survey_card::{SurveyCard, SurveyCardProps};
