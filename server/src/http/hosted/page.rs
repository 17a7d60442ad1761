//! A screen as HTML.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, VARY};
use askama::Template;
use counterbell_shared::limits::EMAIL_MAX_BYTES;
use counterbell_shared::widget_config::{Direction, WidgetAsk, WidgetConfig};

use super::address::Asked;
use super::files::{SCRIPT, STYLE};
use super::form::{Chosen, Form};
use super::refusal::{Refusal, may_pass};
use super::scores::{Picture, ScoreView, scores};
use super::screen::Screen;
use super::theme::{marks_of, sheet_of};
use crate::http::ApiError;

/// Why the customer does not get on.
#[derive(Debug)]
pub enum Fault {
    /// No score was picked.
    NoScore,
    /// What was given as an address is none.
    NoAddress,
    /// An address was given, and no consent to use it.
    NoConsent,
    /// Nothing was stored.
    NotStored(ApiError),
}

/// What is shown.
pub struct Page<'a> {
    /// Where its form is sent to.
    pub asked: &'a Asked,
    /// Words and survey.
    pub config: &'a WidgetConfig<'a>,
    /// What was answered so far.
    pub form: &'a Form,
    /// Where the customer is.
    pub screen: Screen<'a>,
    /// What is wrong, if anything.
    pub fault: Option<&'a Fault>,
}

#[derive(Template)]
#[template(path = "hosted/page.html")]
struct Html<'a> {
    page: &'a Page<'a>,
    style: &'a str,
    script: &'a str,
    /// The site's own style sheet, below the page's.
    theme: Option<String>,
    scheme: &'a str,
    color_scheme: &'a str,
    density: &'a str,
    title: String,
    /// What is wrong, and the id of the field to put it right in.
    fault: Option<(&'a str, Option<&'a str>)>,
    hidden: Vec<(String, &'a str)>,
    scores: Vec<ScoreView<'a>>,
    asks: Vec<AskView<'a>>,
    thanks: Thanks<'a>,
    /// Where the customer is, in words.
    step: String,
    number: usize,
    is_last: bool,
}

enum AskView<'a> {
    Comment(&'a str),
    Choice {
        id: &'a str,
        many: bool,
        question: &'a str,
        choices: Vec<(&'a str, &'a str, bool)>,
        other: Option<&'a str>,
    },
    Contact {
        question: &'a str,
        consent: &'a str,
    },
}

#[derive(Default)]
struct Thanks<'a> {
    title: &'a str,
    text: Option<&'a str>,
    link: Option<(&'a str, &'a str)>,
}

impl<'a> Page<'a> {
    /// The answer to a `GET`: nobody answered anything yet, so a browser may show it again when the customer goes back,
    /// and the response keeps its id.
    ///
    /// # Errors
    /// 500.
    pub fn first(&self) -> Result<HttpResponse, Refusal> {
        let mut answer = HttpResponse::Ok().body(self.html()?);
        write_headers(answer.headers_mut());
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        Ok(answer)
    }

    /// The page, with all that was answered so far.
    ///
    /// # Errors
    /// 500.
    pub fn html(&self) -> Result<String, askama::Error> {
        let (number, count) = match self.screen {
            Screen::Step { number, count, .. } => (number, count),
            Screen::Score { .. } | Screen::Thanks => (1, usize::from(self.config.survey.steps.is_empty())),
        };
        let step = self.word("step").replace("{n}", &number.to_string()).replace("{count}", &count.to_string());
        let thanks = if matches!(self.screen, Screen::Thanks) { self.thanks() } else { Thanks::default() };
        let heading = match self.screen {
            Screen::Score { .. } => &*self.config.survey.question,
            Screen::Step { .. } => &step,
            Screen::Thanks => thanks.title,
        };
        let fault = self.fault();
        // What a screen reader says first.
        let title = fault.map_or_else(|| heading.to_owned(), |(words, _)| format!("{words} {heading}"));
        let asks = self.screen.asks();
        let known = &self.asked.known;
        let (scheme, color_scheme, density) = marks_of(known);
        let html = Html {
            page: self,
            style: &STYLE.name,
            script: &SCRIPT.name,
            theme: sheet_of(known).map(|(name, _)| format!("{}/{name}", known.site.site_key)),
            scheme,
            color_scheme,
            density,
            title,
            fault,
            hidden: self.form.hidden(asks, matches!(self.screen, Screen::Score { .. })),
            scores: scores(self.config, self.form.score()),
            asks: asks.iter().map(|ask| self.ask(ask)).collect(),
            thanks,
            is_last: number == count,
            number,
            step,
        };
        html.render()
    }

    fn word(&self, name: &str) -> &'a str {
        self.config.texts.get(name).copied().unwrap_or_default()
    }

    fn fault(&self) -> Option<(&'a str, Option<&'a str>)> {
        Some(match self.fault? {
            Fault::NoScore => (self.word("choose"), Some("score")),
            Fault::NoAddress => (self.word("email_invalid"), Some("email")),
            Fault::NoConsent => (self.word("consent_needed"), Some("consent")),
            Fault::NotStored(error) if may_pass(error) => (self.word("failed"), None),
            Fault::NotStored(_) => (self.word("refused"), None),
        })
    }

    /// Whether what is wrong is in the field of this id.
    fn is_wrong(&self, id: &str) -> bool {
        self.fault().is_some_and(|(_, field)| field == Some(id))
    }

    fn ask(&self, ask: &'a WidgetAsk<'a>) -> AskView<'a> {
        let (choice, many) = match ask {
            WidgetAsk::Comment { question } => return AskView::Comment(question),
            WidgetAsk::Contact { question, consent } => return AskView::Contact { question, consent },
            WidgetAsk::One(choice) => (choice, false),
            WidgetAsk::Many(choice) => (choice, true),
        };
        let chosen = self.form.chosen.get(choice.id);
        let is_chosen = |id: &str| chosen.is_some_and(|chosen| chosen.choices.iter().any(|known| known == id));
        AskView::Choice {
            id: choice.id,
            many,
            question: choice.question,
            choices: choice.choices.iter().map(|one| (one.id, one.label, is_chosen(one.id))).collect(),
            other: choice.other.then(|| chosen.map_or("", |chosen| chosen.other.as_str())),
        }
    }

    fn has_other(&self, id: &str) -> bool {
        self.form.chosen.get(id).is_some_and(Chosen::has_other)
    }

    fn thanks(&self) -> Thanks<'a> {
        let score = self.form.score().and_then(|score| u8::try_from(score).ok());
        let found = self
            .config
            .survey
            .thanks
            .iter()
            .find(|thanks| score.is_some_and(|score| thanks.scores.scores().contains(&score)));
        match found {
            Some(thanks) => Thanks {
                title: &thanks.title,
                text: thanks.text.as_deref(),
                link: thanks.link.as_ref().map(|link| (link.url, link.label)),
            },
            None => Thanks { title: self.word("thanks"), text: Some(self.word("thanks_more")), link: None },
        }
    }

    fn dir(&self) -> &'static str {
        match self.config.dir {
            Direction::Ltr => "ltr",
            Direction::Rtl => "rtl",
        }
    }
}

/// Answers a `POST` with this page, which has what is wrong in it.
///
/// # Errors
/// What was not stored; 500.
pub fn answer(html: String, fault: Option<Fault>) -> Result<HttpResponse, Refusal> {
    let status = match fault {
        None => StatusCode::OK,
        Some(Fault::NoScore | Fault::NoAddress | Fault::NoConsent) => StatusCode::UNPROCESSABLE_ENTITY,
        Some(Fault::NotStored(error)) => return Err(Refusal::new(error, html)),
    };
    let mut answer = HttpResponse::build(status).body(html);
    write_headers(answer.headers_mut());
    Ok(answer)
}

/// Nothing from elsewhere is loaded, run or sent to. Any page may frame this one, since that is where the widget falls
/// back to it, and a site's pages are not all known by their origin: a link can be put anywhere. There is nothing to steal
/// by a click, since the page knows no customer.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors *";

/// The headers of every page.
pub fn write_headers(headers: &mut HeaderMap) {
    write_headers_with(headers, POLICY);
}

/// Those of a page whose address and content are nobody else's, with this policy (CSP).
pub fn write_headers_with(headers: &mut HeaderMap, policy: &'static str) {
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (HeaderName::from_static("content-security-policy"), policy),
        // The address may name an order, or open a case.
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex"),
        // What a customer typed is nobody else's.
        (CACHE_CONTROL, "no-store"),
        (VARY, "Accept-Language"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
