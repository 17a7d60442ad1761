//! What the load generator sends: real reviews as `POST /v1/responses`, with only the id left to fill in.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use counterbell_shared::ResponseId;
use counterbell_shared::response::NewResponse;
use serde::Deserialize;

use super::unhappy::Unhappy;

/// Stands where the id goes: as long as every id, and in no comment.
const PLACEHOLDER: &str = "00000000-0000-7000-8000-000000000000";

/// The shop whose pages send them, as browsers write it.
pub const ORIGIN: &str = "https://shop.example";

/// A whole HTTP request, rendered once; sending it again costs a copy and a new id.
pub struct Template {
    bytes: Vec<u8>,
    id_at: usize,
}

impl Template {
    fn new(host: &str, response: &NewResponse<'_>) -> Result<Self> {
        let body = serde_json::to_string(response)?;
        let length = body.len();
        let request = format!(
            "POST /v1/responses HTTP/1.1\r\nhost: {host}\r\norigin: {ORIGIN}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        let id_at = request.find(PLACEHOLDER).context("the request has no place for an id")?;
        Ok(Self { bytes: request.into_bytes(), id_at })
    }

    /// Puts the request into `buffer`, under an id never used before.
    pub fn render(&self, buffer: &mut Vec<u8>) -> Result<()> {
        buffer.clear();
        buffer.extend_from_slice(&self.bytes);
        write!(&mut buffer[self.id_at..self.id_at + PLACEHOLDER.len()], "{}", new_id())?;
        Ok(())
    }
}

/// As the widget makes them: the time, then chance.
fn new_id() -> ResponseId {
    let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    ResponseId::v7(u64::try_from(unix_ms).unwrap_or(u64::MAX), random)
}

/// One row of the reviews.
#[derive(Deserialize)]
struct Review {
    #[serde(rename = "Rating")]
    rating: i64,
    #[serde(rename = "Review Text")]
    text: String,
}

/// One request for each review in the CSV file: their lengths are real, their scores are those asked for.
///
/// # Errors
/// The file cannot be read, or holds no reviews.
pub fn from_reviews(csv: &Path, host: &str, site_key: &str, unhappy: Unhappy) -> Result<Vec<Template>> {
    let mut reader = csv::Reader::from_path(csv).with_context(|| format!("cannot read {}", csv.display()))?;
    let mut templates = Vec::new();
    let mut random = fastrand::Rng::with_seed(0);
    for (row, review) in reader.deserialize().enumerate() {
        let review: Review = review.with_context(|| format!("cannot read {}", csv.display()))?;
        let some = |text: &'static str| Some(Cow::Borrowed(text));
        let unless_empty = |text: String| (!text.is_empty()).then_some(Cow::Owned(text));
        let response = NewResponse {
            site_key: Cow::Borrowed(site_key),
            response_id: some(PLACEHOLDER),
            touchpoint: Some(Cow::Owned(touchpoint(&mut random))),
            score: unhappy.score(row, review.rating),
            comment: unless_empty(review.text),
            order_ref: Some(Cow::Owned(format!("A-{}", 1001 + row))),
            locale: some("en"),
            page_url: some("https://shop.example/checkout/thank-you"),
            channel: some("web"),
            ..NewResponse::default()
        };
        templates.push(Template::new(host, &response)?);
    }
    ensure!(!templates.is_empty(), "{} holds no reviews", csv.display());
    Ok(templates)
}

/// A request of a customer who is not happy at all; `order_ref` stands in the mail it becomes.
///
/// # Errors
/// It cannot be written as JSON.
pub fn unhappy(host: &str, site_key: &str, order_ref: &str) -> Result<Template> {
    let some = |text| Some(Cow::Borrowed(text));
    let response = NewResponse {
        site_key: Cow::Borrowed(site_key),
        response_id: some(PLACEHOLDER),
        touchpoint: some("delivery"),
        score: Unhappy::All.score(0, 1),
        comment: some("It came two weeks late, and the box was open."),
        order_ref: some(order_ref),
        locale: some("en"),
        channel: some("web"),
        ..NewResponse::default()
    };
    Template::new(host, &response)
}

/// One of the 50 touchpoints that `counterbell bench rows` names, as often as there: new responses are like those a
/// database was filled with.
fn touchpoint(random: &mut fastrand::Rng) -> String {
    const NAMED: [&str; 6] = ["checkout", "delivery", "returns", "support", "newsletter", "app"];
    let at = (random.f64() * random.f64() * 50.0) as usize;
    NAMED.get(at).map_or_else(|| format!("store-{:02}", at + 1 - NAMED.len()), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use counterbell_shared::{Metric, SurveyVersion};

    use super::*;

    #[test]
    fn request_is_the_response_with_a_new_id_each_time() {
        let response = NewResponse {
            site_key: "site_0123456789abcdef".into(),
            response_id: Some(PLACEHOLDER.into()),
            score: 4,
            comment: Some("Soft, \"and\" warm\n".into()),
            ..NewResponse::default()
        };
        let template = Template::new("127.0.0.1:1", &response).unwrap();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        template.render(&mut first).unwrap();
        template.render(&mut second).unwrap();
        assert_ne!(first, second);

        let text = String::from_utf8(first).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
        let sent: NewResponse<'_> = serde_json::from_str(body).unwrap();
        assert_eq!(sent.comment, response.comment);
        assert_ne!(sent.response_id, response.response_id);
        let csat = |name: &str| Ok(SurveyVersion { name: name.into(), version: 1, metric: Metric::Csat });
        sent.parse(csat).unwrap();
    }
}
