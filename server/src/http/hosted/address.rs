//! What the page's address says: whom to ask, and what.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{AcceptLanguage, Header as _};
use counterbell_shared::survey::{DEFAULT_SURVEY, LocalText, lookup};
use counterbell_shared::text::as_tag;
use counterbell_shared::widget_config::WidgetConfig;
use counterbell_shared::{Reference, SiteKey, Touchpoint};

use super::screen::Screens;
use crate::http::ApiError;
use crate::http::public::check_readable;
use crate::sites::{Directory, KnownSite};
use crate::surveys::{VersionedSurvey, words_of};

/// Who asks what, and where.
pub struct Asked {
    /// The site.
    pub known: Arc<KnownSite>,
    /// What it asks.
    pub survey: Arc<VersionedSurvey>,
    /// Where in the customer's journey.
    pub touchpoint: Touchpoint,
    /// Of which order, if the address says so.
    pub order: Option<Reference>,
    /// The language to ask in, as it is wanted; empty for the survey's default.
    locale: String,
    /// What the address asked for, without what others hung on it.
    query: String,
}

impl Asked {
    /// Reads `/f/{site_key}/{touchpoint}?survey=&order=&locale=`. Other parameters are left alone: whoever sends a link
    /// by mail hangs some on it. A touchpoint or an order that cannot be is left out, as in every response.
    ///
    /// # Errors
    /// 400 for a survey that cannot be, 404 for an unknown site, 503.
    pub async fn find(
        request: &HttpRequest,
        directory: &Directory,
        (site_key, touchpoint): &(String, String),
    ) -> Result<Self, ApiError> {
        let site_key: SiteKey = site_key.parse().map_err(|_| ApiError::unknown_site())?;
        let touchpoint = Touchpoint::new(touchpoint).unwrap_or_default();
        let parameter = |name: &str| {
            let mut query = url::form_urlencoded::parse(request.query_string().as_bytes());
            query.find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.into_owned())
        };
        let order = parameter("order").and_then(|order| Reference::new(&order).ok());
        let known = directory.site(&site_key).await?.ok_or_else(ApiError::unknown_site)?;
        let name = parameter("survey").unwrap_or_else(|| DEFAULT_SURVEY.to_owned());
        check_readable(&known.surveys, &name)?;
        let survey = known.surveys.find(&name).cloned();
        let survey =
            survey.ok_or_else(|| ApiError::invalid_parameter("survey", "is not a published survey of this site"))?;
        let locale = wanted_locale(request, parameter("locale"), &survey.survey.question);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let named = order.as_ref().map(|order| order.as_str().to_owned());
        for (name, value) in [("survey", parameter("survey")), ("locale", parameter("locale")), ("order", named)] {
            value.iter().for_each(|value| {
                query.append_pair(name, value);
            });
        }
        Ok(Self { known, survey, touchpoint, order, locale, query: query.finish() })
    }

    /// The query of the address that the form of this screen, counted from 1, is sent to. It differs from the one the
    /// first screen came from: a browser that goes back then still has that screen, with the response's id. (A `POST`
    /// drops what is cached under its own address: RFC 9111 section 4.4.)
    pub fn query_of(&self, screen: usize) -> String {
        let separator = if self.query.is_empty() { "" } else { "&" };
        format!("{}{separator}step={screen}", self.query)
    }

    /// What to ask and every word to show, in the customer's language.
    pub fn screens(&self) -> Screens<'_> {
        let words = |wanted: &str| words_of(self.known.words.as_deref(), wanted);
        Screens::new(WidgetConfig::new(&self.survey.survey, &self.survey.version, &self.locale, words))
    }
}

/// The first that the question is there in, of the language the address names and those the browser asks for.
fn wanted_locale(request: &HttpRequest, named: Option<String>, question: &LocalText) -> String {
    let accepted = AcceptLanguage::parse(request).map(|accepted| accepted.ranked()).unwrap_or_default();
    let accepted = accepted.iter().filter_map(|language| language.item()).map(ToString::to_string);
    let mut wanted = named.map(|named| as_tag(&named).into_owned()).into_iter().chain(accepted);
    wanted.find(|range| lookup(range, question.locales()).is_some()).unwrap_or_default()
}
