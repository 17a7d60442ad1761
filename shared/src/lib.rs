//! The types the widget and the server both speak. No I/O, no database.
//!
//! A value of one of these types is valid: parse once at the edge (`Score::new`, `NewResponse::parse`) and never
//! check again. Feature `wire` adds what only the server needs: JSON bodies and dates.

mod alert_rule;
pub mod ids;
pub mod limits;
pub mod metric;
pub mod response;
pub mod text;

#[cfg(feature = "wire")]
pub mod answers;
#[cfg(feature = "wire")]
pub mod contact;
#[cfg(feature = "wire")]
mod document;
#[cfg(feature = "wire")]
pub mod problem;
#[cfg(feature = "wire")]
pub mod site_words;
#[cfg(feature = "wire")]
pub mod survey;
#[cfg(feature = "wire")]
pub mod theme;
#[cfg(feature = "wire")]
pub mod time;
#[cfg(feature = "wire")]
pub mod widget_config;

pub use alert_rule::AlertRule;
#[cfg(feature = "wire")]
pub use contact::{ContactEmail, EmailAddress};
pub use ids::{ResponseId, SiteKey};
pub use metric::{Band, Metric, Scale, Score};
pub use response::{Channel, Outcome};
#[cfg(feature = "wire")]
pub use site_words::SiteWords;
#[cfg(feature = "wire")]
pub use survey::{Survey, SurveyVersion};
pub use text::{Comment, Locale, Reference, Touchpoint};
#[cfg(feature = "wire")]
pub use theme::Theme;
