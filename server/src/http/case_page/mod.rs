//! The case page: what happened, and what can be done about it, for whoever has the link of a mail.
//!
//! It works without scripts. `GET` changes nothing: programs open every link of a mail. A button sends a form, the answer leads
//! back to the page. The token in the address is what lets in, so it stands in no log, no figure and no error. docs/CASES.md
//! says how it is used.

mod act;
mod answered;
mod door;
mod facts;
mod fields;
mod form;
mod group;
mod group_page;
mod head;
mod page;
mod posted;
mod reader;
mod renew;
#[cfg(test)]
mod tests;
mod texts;
mod timeline;

use actix_web::http::header::LOCATION;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template as _;
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::time::UnixMillis;
use utoipa::IntoParams;
use utoipa::openapi::Content;

use super::ApiError;
use super::extract::FormBody;
use super::hosted::{Refusal, may_pass};
use super::limits::ClientLimits;
use super::operations::{Answer, HTML, Html, Notes, Operation, Written, address, operation};
use crate::cases::Denied;
use crate::db::sites::Site;
use crate::db::staff::Member;
use crate::language::Language;
use crate::links::Links;
use crate::store::Store;
use act::{Outcome, submit};
use door::Shut;
use facts::Facts;
use form::Form;
use page::{Plain, Why, answer, case_page};
use posted::{Fault, Posted};
use reader::{Reader, browsers_language};
use texts::texts_in;

const PAGE: &str = "/case/{token}";

/// The page's operations. Their errors are pages, too.
pub fn operations() -> Vec<Operation> {
    let get = operation(Method::GET, PAGE, get_case, "A case, for whoever has the link of a mail");
    let post = operation(Method::POST, PAGE, post_form, "What is done with it: the form of a button");
    let of_case = [get.with::<PageQuery>(), post].map(errors);
    of_case.into_iter().chain(group_page::operations()).collect()
}

/// Of a page, each of which is a page.
fn errors(operation: Operation) -> Operation {
    operation.or_any([
        ProblemCode::NotFound,
        ProblemCode::RateLimited,
        ProblemCode::Overloaded,
        ProblemCode::StorageUnavailable,
    ])
}

/// What a button of a mail preselects.
#[derive(IntoParams)]
#[expect(dead_code, reason = "for the document: the page reads them leniently")]
struct PageQuery {
    /// `take`, `not_for_me`, `remind`, `spoke` or `open`.
    r#do: Option<String>,
    /// What was done before: the page says so.
    done: Option<String>,
}

/// The page, or one that says that the link counts no more.
struct CasePage;

/// Leads back to the page.
struct Done;

impl Answer for CasePage {
    fn describe(notes: &mut Notes) {
        Html::describe(notes);
        notes.answer(StatusCode::GONE).content.insert(HTML.to_owned(), Content::default().into());
    }
}

impl Answer for Done {
    fn describe(notes: &mut Notes) {
        CasePage::describe(notes);
        notes.answer(StatusCode::SEE_OTHER);
    }
}

/// Adds the page's routes.
pub fn configure(config: &mut web::ServiceConfig) {
    let mut operations = operations();
    for path in [PAGE, group_page::PAGE] {
        config.service(address(path, &mut operations));
    }
}

/// The page. Nothing is changed, whoever asks for it.
///
/// # Errors
/// 404, 429, 500, 503, each as a page.
async fn get_case(
    request: HttpRequest,
    store: Data<Store>,
    links: Data<Links>,
    limits: Data<ClientLimits>,
    token: web::Path<String>,
) -> Result<Written<CasePage>, Refusal> {
    let asker = Asker::new(&request);
    limits.check_read(&request).map_err(|error| asker.trouble(error))?;
    let query = |wanted: &str| {
        let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    let (preselect, done) = (query("do"), query("done"));
    let why = Why::Asked { preselect: &preselect, done: &done };
    asker.show(&store, links, token.into_inner(), &why).await.map(Written::from)
}

/// Does what a form says, and leads back to the page; where nothing is done, the page says why.
///
/// # Errors
/// 4xx and 503, each as a page.
async fn post_form(
    request: HttpRequest,
    store: Data<Store>,
    links: Data<Links>,
    limits: Data<ClientLimits>,
    token: web::Path<String>,
    body: Result<FormBody<Posted>, ApiError>,
) -> Result<Written<Done>, Refusal> {
    let asker = Asker::new(&request);
    let checked = limits.check_read(&request).and(body);
    let posted = Posted::read(&checked.map_err(|error| asker.trouble(error))?.0);
    let token = token.into_inner();
    if posted.asks_for_link() {
        return asker.renew(&store, links, token).await.map(Written::from);
    }
    let (now, browsers) = (asker.now, asker.browsers);
    let work = {
        let (links, token) = (Data::clone(&links), token.clone());
        move |conn: &mut _| {
            let mut posted = posted;
            let outcome = submit(conn, (&links, &token), &posted, browsers, now)?;
            if let Ok(Outcome::Refused(Fault::Denied(Denied::OtherWords))) = &outcome {
                posted.entry_id = None;
            }
            Ok((outcome, posted))
        }
    };
    let (outcome, posted) = store.writes.decisions.run(work).await.map_err(|error| asker.trouble(error))?;
    match outcome {
        Ok(Outcome::Done(form)) => {
            store.signals.outbox_filled.notify_one();
            asker.done(form)
        }
        Ok(Outcome::Refused(fault)) => asker.show(&store, links, token, &Why::Refused(&posted, &fault)).await,
        Err(shut) => asker.shut(shut),
    }
    .map(Written::from)
}

/// Whoever asks, of whom nothing is known yet.
struct Asker {
    browsers: Option<Language>,
    now: i64,
}

impl Asker {
    fn new(request: &HttpRequest) -> Self {
        Self { browsers: browsers_language(request), now: UnixMillis::now().0 }
    }

    fn language(&self) -> Language {
        self.browsers.unwrap_or_default()
    }

    /// The page of the case, or why there is none.
    async fn show(
        &self,
        store: &Store,
        links: Data<Links>,
        token: String,
        why: &Why<'_>,
    ) -> Result<HttpResponse, Refusal> {
        let (now, browsers) = (self.now, self.browsers);
        let read = store.reads.lists.read(move |conn| {
            let visit = match door::open(conn, &links, &token, now)? {
                Ok(visit) => visit,
                Err(shut) => return Ok(Err(shut)),
            };
            let reader = Reader::new(&visit.member, &visit.site.zone, browsers, now);
            let site = visit.site.name.clone();
            let facts = Facts::load(conn, &links, visit, &reader)?;
            Ok(Ok((facts, reader, site)))
        });
        match read.await.map_err(|error| self.trouble(error))? {
            Ok((facts, reader, site)) => {
                let html = case_page(&facts, &reader, &site, why).map_err(|error| self.unwritten(error))?;
                Ok(answer(StatusCode::OK, html))
            }
            Err(shut) => self.shut(shut),
        }
    }

    /// Leads back to the page, which says what was done; of links that were stopped, with theirs among them, at once.
    fn done(&self, form: Form) -> Result<HttpResponse, Refusal> {
        if form == Form::RevokeLinks {
            let texts = texts_in(self.language());
            let plain = Plain::new(self.language(), texts, texts.forms.revoke_links, texts.done.revoke_links);
            return self.plain(StatusCode::OK, &plain);
        }
        let mut answer = answer(StatusCode::SEE_OTHER, String::new());
        // Relative: the address itself is not told again.
        let place = format!("?done={}", form.as_str());
        let place = place.parse().map_err(|error| self.trouble(ApiError::fault(error)))?;
        answer.headers_mut().insert(LOCATION, place);
        Ok(answer)
    }

    /// Sends a new link in place of one that expired.
    async fn renew(&self, store: &Store, links: Data<Links>, token: String) -> Result<HttpResponse, Refusal> {
        let now = self.now;
        let work = move |conn: &mut _| renew::renew(conn, &links, &token, now);
        match store.writes.decisions.run(work).await.map_err(|error| self.trouble(error))? {
            Ok(visit) => {
                store.signals.outbox_filled.notify_one();
                let language = self.language_of(&visit.member, &visit.site);
                let texts = texts_in(language);
                let plain = Plain::new(language, texts, texts.shut.sent_title, texts.shut.sent);
                self.plain(StatusCode::OK, &plain)
            }
            Err(shut) => self.shut(shut),
        }
    }

    fn language_of(&self, member: &Member, site: &Site) -> Language {
        Reader::new(member, &site.zone, self.browsers, self.now).language
    }

    /// What whoever has a link that opens nothing is told.
    fn shut(&self, shut: Shut) -> Result<HttpResponse, Refusal> {
        let language = match &shut {
            Shut::Expired(visit) => self.language_of(&visit.member, &visit.site),
            Shut::ExpiredGroup(visit) => self.language_of(&visit.member, &visit.site),
            Shut::Test(whose) => self.language_of(&whose.1, &whose.0),
            Shut::Invalid | Shut::Gone => self.language(),
        };
        let texts = texts_in(language);
        match shut {
            Shut::Invalid => {
                let plain = Plain::new(language, texts, texts.shut.invalid_title, texts.shut.invalid);
                let error = ApiError::new(ProblemCode::NotFound, "No such link.");
                Err(Refusal::new(error, plain.render().unwrap_or_default()).with_headers(page::write_headers))
            }
            Shut::Expired(_) => {
                let plain = Plain::new(language, texts, texts.shut.expired_title, texts.shut.expired);
                self.plain(StatusCode::GONE, &plain.with_button(texts.shut.send_new))
            }
            Shut::ExpiredGroup(_) => {
                let plain = Plain::new(language, texts, texts.shut.expired_title, texts.shut.expired_group);
                self.plain(StatusCode::GONE, &plain)
            }
            Shut::Test(_) => {
                let plain = Plain::new(language, texts, texts.shut.test_title, texts.shut.test);
                self.plain(StatusCode::OK, &plain)
            }
            Shut::Gone => {
                let plain = Plain::new(language, texts, texts.shut.gone_title, texts.shut.gone);
                self.plain(StatusCode::GONE, &plain)
            }
        }
    }

    fn plain(&self, status: StatusCode, plain: &Plain) -> Result<HttpResponse, Refusal> {
        let html = plain.render().map_err(|error| self.unwritten(error))?;
        Ok(answer(status, html))
    }

    fn unwritten(&self, error: askama::Error) -> Refusal {
        self.trouble(ApiError::fault(format!("a page could not be written: {error}")))
    }

    /// An error, as a page.
    fn trouble(&self, error: impl Into<ApiError>) -> Refusal {
        let (error, language) = (error.into(), self.language());
        let texts = texts_in(language);
        let (title, text) = if may_pass(&error) {
            (texts.shut.trouble_title, texts.shut.trouble)
        } else {
            (texts.shut.invalid_title, texts.refused.not_understood)
        };
        let plain = Plain::new(language, texts, title, text);
        // An empty page still has the status.
        Refusal::new(error, plain.render().unwrap_or_default()).with_headers(page::write_headers)
    }
}
