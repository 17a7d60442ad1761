//! The types that a request is parsed into, and what the widget is told. No I/O, no database.
//!
//! A value of one of these types is valid: parse once at the edge (`Score::new`, `NewResponse::parse`) and never
//! check again.

pub mod answers;
pub mod contact;
pub mod document;
pub mod ids;
pub mod limits;
pub mod metric;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod problem;
pub mod response;
pub mod site_words;
pub mod survey;
pub mod text;
pub mod theme;
pub mod time;
pub mod widget_config;

pub use contact::{ContactEmail, EmailAddress};
pub use ids::{ResponseId, SiteKey};
pub use metric::{Band, Metric, Scale, Score};
pub use response::{Channel, Outcome};
pub use site_words::SiteWords;
pub use survey::{Survey, SurveyVersion};
pub use text::{Comment, Locale, Reference, Touchpoint};
pub use theme::Theme;
