//! The page as HTML.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use askama::Template;

use super::answered::{EarlierView, ResponseView, earlier, responses};
use super::facts::Facts;
use super::fields::{FieldView, Fields, FormView, WORDS_MAX};
use super::form::Form;
use super::group::GroupView;
use super::head::HeadView;
use super::posted::{Fault, Posted};
use super::reader::Reader;
use super::texts::Texts;
use super::timeline::{Line, timeline};
use crate::http::hosted::{CASE_STYLE, write_headers_with};
use crate::language::Language;

/// What every page has around it.
pub struct Layout {
    /// In which language.
    pub language: Language,
    /// What it says in it.
    pub texts: &'static Texts,
    /// Of the window.
    pub title: String,
}

impl Layout {
    fn style(&self) -> &'static str {
        &CASE_STYLE.name
    }
}

#[derive(Template)]
#[template(path = "case/case.html")]
struct CaseHtml<'a> {
    layout: Layout,
    site: &'a str,
    head: HeadView,
    /// What was done.
    done: Option<&'static str>,
    /// Why nothing was done.
    refused: Option<String>,
    /// What is to be done first.
    first: Vec<FormView>,
    others: Vec<FormView>,
    responses: Vec<ResponseView>,
    earlier: Vec<EarlierView>,
    timeline: Vec<Line>,
    zone: String,
}

/// Why the page is shown.
pub enum Why<'a> {
    /// It was asked for, with the form that a mail's button preselects and what was done before.
    Asked {
        /// The name of the button.
        preselect: &'a str,
        /// The name of the form that was done.
        done: &'a str,
    },
    /// Nothing was done of this.
    Refused(&'a Posted, &'a Fault),
}

/// The page of a case.
///
/// # Errors
/// What the template says.
pub fn case_page(facts: &Facts, reader: &Reader, site: &str, why: &Why<'_>) -> Result<String, askama::Error> {
    let texts = reader.texts;
    let mut offered = Form::offered(&facts.kept.case, reader.person_id);
    let (mut done, mut refused, mut first, mut posted) = (None, None, Vec::new(), None);
    match why {
        Why::Asked { preselect, done: name } => {
            done = texts.done.named(name);
            first.extend(Form::preselected(preselect, &offered));
        }
        Why::Refused(sent, fault) => {
            refused = Some(fault.text(reader, |person_id| facts.name_of(person_id).to_owned()));
            first.extend(fault.instead());
            // With what was written, also where it cannot be done now: nobody has to write it again.
            first
                .extend(sent.form.filter(|form| !first.contains(form) && (offered.contains(form) || sent.has_words())));
            first.retain(|form| offered.contains(form) || Some(*form) == sent.form);
            posted = Some(*sent);
        }
    }
    offered.retain(|form| !first.contains(form));
    let fields = Fields { facts, reader, posted };
    let title = reader.fill(texts.page.title, &[("number", &facts.kept.case.number.to_string())]);
    let opens_first = first.is_empty();
    let others = offered.into_iter().enumerate().map(|(place, form)| fields.form(form, place == 0 && opens_first));
    let html = CaseHtml {
        layout: Layout { language: reader.language, texts, title },
        site,
        head: HeadView::new(facts, reader),
        done,
        refused,
        first: first.into_iter().map(|form| fields.form(form, true)).collect(),
        others: others.collect(),
        responses: responses(facts, reader),
        earlier: earlier(facts, reader),
        timeline: timeline(facts, reader),
        zone: reader.fill(texts.page.zone, &[("zone", reader.zone.name())]),
    };
    html.render()
}

/// The page of a group of alerts.
#[derive(Template)]
#[template(path = "case/group.html")]
pub struct GroupHtml<'a> {
    layout: Layout,
    site: &'a str,
    group: GroupView,
    said: Vec<String>,
    refused: Option<&'static str>,
    zone: String,
}

impl<'a> GroupHtml<'a> {
    /// Of a group, below what was done or not.
    pub fn new(
        reader: &Reader,
        site: &'a str,
        group: GroupView,
        said: Vec<String>,
        refused: Option<&'static str>,
    ) -> Self {
        let layout = Layout { language: reader.language, texts: reader.texts, title: group.title.clone() };
        let zone = reader.fill(reader.texts.page.zone, &[("zone", reader.zone.name())]);
        Self { layout, site, group, said, refused, zone }
    }
}

/// A page that says one thing.
#[derive(Template)]
#[template(path = "case/plain.html")]
pub struct Plain {
    layout: Layout,
    text: &'static str,
    /// On the button that asks for a new link.
    button: Option<&'static str>,
}

impl Plain {
    /// With this title and text.
    pub fn new(language: Language, texts: &'static Texts, title: &str, text: &'static str) -> Self {
        Self { layout: Layout { language, texts, title: title.to_owned() }, text, button: None }
    }

    /// With a button that asks for a new link.
    pub fn with_button(self, button: &'static str) -> Self {
        Self { button: Some(button), ..self }
    }
}

/// Answers with a page.
pub fn answer(status: StatusCode, html: String) -> HttpResponse {
    let mut answer = HttpResponse::build(status).body(html);
    write_headers(answer.headers_mut());
    answer
}

/// Nothing from elsewhere is loaded, nothing is run, and no page frames this one: a press of a button must be meant.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The headers of every page.
pub fn write_headers(headers: &mut HeaderMap) {
    write_headers_with(headers, POLICY);
}
