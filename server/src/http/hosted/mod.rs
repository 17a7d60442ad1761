//! The hosted page: a survey as plain HTML forms, for customers the widget cannot reach.
//!
//! It works without scripts: what was answered so far travels in the form's hidden fields, each step is one `POST`, and
//! each `POST` stores a revision of the same response. docs/HOSTED_PAGE.md says where it is used.

mod address;
mod files;
mod form;
mod page;
mod refusal;
mod save;
mod scores;
mod screen;
mod theme;

use actix_web::http::Method;
use actix_web::{HttpRequest, web};
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use utoipa::IntoParams;

use super::ApiError;
use super::extract::FormBody;
use super::operations::{Html, Operation, Written, address, operation};
use super::public::{Intake, OF_INTAKE};
use crate::ids::new_id;
use address::Asked;
pub use files::CASE_STYLE;
use form::{Form, Go};
pub use page::write_headers_with;
use page::{Fault, Page};
pub use refusal::{Refusal, may_pass};
use save::{response_of, save};
use screen::{Screen, Screens};

const PAGE: &str = "/f/{site_key}/{touchpoint}";
const FILE: &str = "/hosted/{file}";
const THEME: &str = "/hosted/{site_key}/{file}";

/// What may be wrong with the address of the page.
const OF_SITE: [ProblemCode; 3] =
    [ProblemCode::InvalidParameter, ProblemCode::UnknownSite, ProblemCode::StorageUnavailable];

/// The page's operations. Their errors are pages, too.
pub fn operations() -> Vec<Operation> {
    vec![
        operation(Method::GET, PAGE, get_survey, "The survey as an HTML form").with::<PageQuery>().or_any(OF_SITE),
        operation(Method::POST, PAGE, post_step, "What is filled in, a screen at a time")
            .with::<PageQuery>()
            .or_any(OF_SITE)
            .or_any(OF_INTAKE),
        operation(Method::GET, FILE, files::get_file, "A style sheet or the script of the page")
            .or(ProblemCode::NotFound),
        operation(Method::GET, THEME, theme::get_theme, "The style sheet of a site").or_any([
            ProblemCode::UnknownSite,
            ProblemCode::NotFound,
            ProblemCode::StorageUnavailable,
        ]),
    ]
}

/// What the page asks, and of which order.
#[derive(IntoParams)]
#[expect(dead_code, reason = "for the document: the page reads them leniently")]
struct PageQuery {
    /// The survey; that of checkout when left out.
    survey: Option<String>,
    /// The number of the order.
    order: Option<String>,
    /// The language; that of the browser when left out.
    locale: Option<String>,
}

/// Adds the page's routes.
pub fn configure(config: &mut web::ServiceConfig) {
    let mut operations = operations();
    for path in [PAGE, FILE, THEME] {
        config.service(address(path, &mut operations));
    }
}

/// The survey's question, with a new response's id: nothing is stored yet.
///
/// # Errors
/// 400, 404, 503, each as a page.
async fn get_survey(
    request: HttpRequest,
    intake: web::Data<Intake>,
    path: web::Path<(String, String)>,
) -> Result<Written<Html>, Refusal> {
    let asked = Asked::find(&request, &intake.directory, &path).await?;
    let screens = asked.screens();
    let form = Form::new(new_id(UnixMillis::now()), &asked);
    Page { asked: &asked, config: &screens.config, form: &form, screen: screens.score(), fault: None }
        .first()
        .map(Written::from)
}

/// Takes what was answered on one screen, stores it, and shows the next; or the same again, with what is wrong.
///
/// # Errors
/// 4xx and 503, each as a page: the same again, where there is one.
async fn post_step(
    request: HttpRequest,
    intake: web::Data<Intake>,
    path: web::Path<(String, String)>,
    body: Result<FormBody<Form>, ApiError>,
) -> Result<Written<Html>, Refusal> {
    let asked = Asked::find(&request, &intake.directory, &path).await?;
    let mut form = match body {
        Ok(body) => Form::read(&body.0),
        Err(error) => {
            intake.metrics.ingest_request().ends_as(error.code().into());
            return Err(error.into());
        }
    };
    let screens = asked.screens();
    let (screen, fault) = match go(&request, &intake, &asked, &screens, &mut form).await {
        Ok(screen) => (screen, None),
        Err(fault) => (screens.asking(&form), Some(fault)),
    };
    let html = Page { asked: &asked, config: &screens.config, form: &form, screen, fault: fault.as_ref() }.html()?;
    page::answer(html, fault).map(Written::from)
}

/// Goes where the customer wants to go; the screen there.
async fn go<'s>(
    request: &HttpRequest,
    intake: &Intake,
    asked: &Asked,
    screens: &'s Screens<'s>,
    form: &mut Form,
) -> Result<Screen<'s>, Fault> {
    let steps = screens.after(form.score());
    form.step = form.step.min(steps.len());
    if form.go == Go::Back {
        form.step = form.step.saturating_sub(1);
        return Ok(screens.asking(form));
    }
    let Some(score) = form.score() else {
        form.step = 0;
        return Err(Fault::NoScore);
    };
    let asks = screens.asking(form).asks();
    let mut fault = None;
    if form.go == Go::Skip {
        form.forget(asks);
    } else {
        fault = form.fault_of_address(asks);
    }
    let said = [&[screens.score().asks()], steps.as_slice()].concat();
    // The words that stand beside an address that is none are kept, whether or not the customer mends it.
    let complete = form.step == steps.len() && fault.is_none();
    let new = response_of(form, asked, &screens.config, score, &said, complete);
    form.revision = save(request, intake, asked, &new).await.map_err(Fault::NotStored)?;
    if let Some(fault) = fault {
        return Err(fault);
    }
    if complete {
        return Ok(Screen::Thanks);
    }
    form.step += 1;
    Ok(screens.asking(form))
}
