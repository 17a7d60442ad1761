//! Responses as the page shows them.

use std::str::FromStr;

use counterbell_shared::{Metric, Score};

use super::facts::{Answered, Facts};
use super::reader::Reader;
use crate::db::responses::ResponseRow;

/// A response of the case.
pub struct ResponseView {
    /// `1 out of 5`.
    pub score: String,
    /// What was measured.
    pub metric: &'static str,
    /// Whoever wrote is not content.
    pub is_unhappy: bool,
    /// In their own words.
    pub comment: Option<String>,
    /// Question and answer.
    pub answers: Vec<(String, String)>,
    /// Name and value.
    pub rows: Vec<(&'static str, String)>,
    /// Where they may be written to.
    pub contact: Option<String>,
    /// They had finished.
    pub is_complete: bool,
    /// It counts nowhere.
    pub is_held: bool,
    /// What came later.
    pub additions: Vec<AdditionView>,
}

/// What came after the response was closed.
pub struct AdditionView {
    /// When, in words.
    pub head: String,
    /// As above.
    pub score: String,
    /// As above.
    pub comment: Option<String>,
    /// As above.
    pub answers: Vec<(String, String)>,
}

/// An earlier response of the customer.
pub struct EarlierView {
    /// When.
    pub time: String,
    /// As above.
    pub score: String,
    /// As above.
    pub comment: Option<String>,
}

/// Those of the case.
pub fn responses(facts: &Facts, reader: &Reader) -> Vec<ResponseView> {
    facts.responses.iter().map(|answered| ResponseView::new(answered, reader)).collect()
}

/// Earlier ones.
pub fn earlier(facts: &Facts, reader: &Reader) -> Vec<EarlierView> {
    let view = |row: &ResponseRow| EarlierView {
        time: reader.time(row.created_at),
        score: score_of(reader, &row.metric, row.score),
        comment: row.comment.clone(),
    };
    facts.earlier.iter().map(view).collect()
}

/// `1 out of 5`; the number alone of what is no score.
pub fn score_of(reader: &Reader, metric: &str, score: i32) -> String {
    let score_text = score.to_string();
    match Metric::from_str(metric) {
        Ok(metric) => {
            let max = metric.scale().max.to_string();
            reader.fill(reader.texts.page.score, &[("score", &score_text), ("max", &max)])
        }
        Err(_) => score_text,
    }
}

impl ResponseView {
    fn new(answered: &Answered, reader: &Reader) -> Self {
        let Answered { row, answers, additions } = answered;
        let texts = &reader.texts.page;
        let order = row.order_ref.as_deref().map(|order| reader.fill(texts.unproven, &[("order", order)]));
        let rows = [
            (texts.order, order),
            (texts.customer, row.customer_ref.clone()),
            (texts.answered, Some(reader.time(row.created_at))),
            (texts.page, row.page_url.clone()),
            (texts.language, row.locale.clone()),
        ];
        let addition =
            |(addition, answers): &(crate::db::additions::AdditionRow, Vec<(String, String)>)| AdditionView {
                head: reader.fill(texts.addition, &[("time", &reader.time(addition.received_at))]),
                score: score_of(reader, &row.metric, addition.score),
                comment: addition.comment.clone(),
                answers: answers.clone(),
            };
        Self {
            score: score_of(reader, &row.metric, row.score),
            metric: reader.texts.metrics.named(&row.metric).unwrap_or_default(),
            is_unhappy: row.score().is_some_and(Score::is_unhappy),
            comment: row.comment.clone(),
            answers: answers.clone(),
            rows: rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
            contact: row.contact_email.clone(),
            is_complete: row.complete,
            is_held: row.held.is_some(),
            additions: additions.iter().map(addition).collect(),
        }
    }
}
