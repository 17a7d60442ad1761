//! The page of a group of alerts.

use std::collections::BTreeSet;

use actix_web::http::header::LOCATION;
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template as _;
use counterbell_shared::openapi::{Members, one_of, words};
use counterbell_shared::schema_of_members;

use super::group::{GroupFacts, TAKEN_AT_ONCE, take};
use super::page::{GroupHtml, answer};
use super::{Asker, CasePage, Done, errors};
use crate::http::ApiError;
use crate::http::extract::FormBody;
use crate::http::hosted::Refusal;
use crate::http::limits::ClientLimits;
use crate::http::operations::{Operation, Written, operation};
use crate::links::Links;
use crate::store::Store;

/// Where it is.
pub const PAGE: &str = "/group/{token}";

/// What its form sends.
pub struct Ticked {
    numbers: BTreeSet<i64>,
    all: bool,
}

schema_of_members!(
    Ticked,
    Members::open("Which cases somebody has: their numbers, or `all` that nobody has")
        .with("case", words(20))
        .with("all", one_of(&["yes"]))
);

impl Ticked {
    fn read(body: &[u8]) -> Self {
        let fields: Vec<_> = url::form_urlencoded::parse(body).collect();
        let numbers = fields.iter().filter(|(name, _)| name == "case").filter_map(|(_, number)| number.parse().ok());
        Self { numbers: numbers.collect(), all: fields.iter().any(|(name, value)| name == "all" && value == "yes") }
    }
}

/// The page's operations.
pub fn operations() -> [Operation; 2] {
    [
        errors(operation(Method::GET, PAGE, get_group, "Alerts that were told together, for whoever has the link")),
        errors(operation(Method::POST, PAGE, post_ticked, "Takes the cases that are ticked")),
    ]
}

/// The page. Nothing is changed, whoever asks for it.
///
/// # Errors
/// 404, 429, 500, 503, each as a page.
async fn get_group(
    request: HttpRequest,
    store: Data<Store>,
    links: Data<Links>,
    limits: Data<ClientLimits>,
    token: web::Path<String>,
) -> Result<Written<CasePage>, Refusal> {
    let asker = Asker::new(&request);
    limits.check_read(&request).map_err(|error| asker.trouble(error))?;
    let number = |wanted: &str| {
        let mut pairs = url::form_urlencoded::parse(request.query_string().as_bytes());
        pairs.find(|(name, _)| name == wanted).and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let (done, missed) = (number("done"), number("missed").filter(|missed| *missed > 0));
    show(&asker, &store, links, token.into_inner(), Say { done, missed, nothing_ticked: false })
        .await
        .map(Written::from)
}

/// Takes the cases, and leads back to the page.
///
/// # Errors
/// 4xx and 503, each as a page.
async fn post_ticked(
    request: HttpRequest,
    store: Data<Store>,
    links: Data<Links>,
    limits: Data<ClientLimits>,
    token: web::Path<String>,
    body: Result<FormBody<Ticked>, ApiError>,
) -> Result<Written<Done>, Refusal> {
    let asker = Asker::new(&request);
    let checked = limits.check_read(&request).and(body);
    let ticked = Ticked::read(&checked.map_err(|error| asker.trouble(error))?.0);
    let (token, now) = (token.into_inner(), asker.now);
    let facts = match load(&asker, &store, Data::clone(&links), token.clone()).await? {
        Ok(facts) => facts,
        Err(answer) => return Ok(answer.into()),
    };
    let wanted = facts.wanted(&ticked.numbers, ticked.all);
    if wanted.is_empty() {
        let say = Say { nothing_ticked: true, ..Say::default() };
        return show(&asker, &store, links, token, say).await.map(Written::from);
    }
    let mut taken = 0;
    for numbers in wanted.chunks(TAKEN_AT_ONCE) {
        let (links, token, numbers) = (Data::clone(&links), token.clone(), numbers.to_vec());
        let work = move |conn: &mut _| take(conn, (&links, &token), &numbers, now);
        match store.writes.decisions.run(work).await.map_err(|error| asker.trouble(error))? {
            Ok(more) => taken += more,
            Err(shut) => return asker.shut(shut).map(Written::from),
        }
    }
    store.signals.outbox_filled.notify_one();
    let mut answer = answer(StatusCode::SEE_OTHER, String::new());
    let place = format!("?done={taken}&missed={}", wanted.len() - taken);
    let place = place.parse().map_err(|error| asker.trouble(ApiError::fault(error)))?;
    answer.headers_mut().insert(LOCATION, place);
    Ok(answer.into())
}

/// What is said above the list.
#[derive(Clone, Copy, Default)]
struct Say {
    done: Option<usize>,
    missed: Option<usize>,
    nothing_ticked: bool,
}

async fn load(
    asker: &Asker,
    store: &Store,
    links: Data<Links>,
    token: String,
) -> Result<Result<GroupFacts, HttpResponse>, Refusal> {
    let now = asker.now;
    let read = store.reads.lists.read(move |conn| GroupFacts::load(conn, &links, &token, now));
    match read.await.map_err(|error| asker.trouble(error))? {
        Ok(facts) => Ok(Ok(facts)),
        Err(shut) => asker.shut(shut).map(Err),
    }
}

async fn show(
    asker: &Asker,
    store: &Store,
    links: Data<Links>,
    token: String,
    say: Say,
) -> Result<HttpResponse, Refusal> {
    let facts = match load(asker, store, links, token).await? {
        Ok(facts) => facts,
        Err(answer) => return Ok(answer),
    };
    let reader = facts.reader(asker.browsers, asker.now);
    let texts = &reader.texts.group;
    let count = |text: &str, count: usize| reader.fill(text, &[("count", &count.to_string())]);
    let mut said = Vec::new();
    said.extend(say.done.map(|taken| count(texts.done, taken)));
    said.extend(say.missed.map(|missed| count(texts.missed, missed)));
    let refused = say.nothing_ticked.then_some(texts.none_ticked);
    let html = GroupHtml::new(&reader, facts.site(), facts.view(&reader), said, refused);
    Ok(answer(StatusCode::OK, html.render().map_err(|error| asker.unwritten(error))?))
}
