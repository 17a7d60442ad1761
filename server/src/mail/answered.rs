//! A response as mails show it.

use counterbell_shared::answers::Answers;
use counterbell_shared::time::UnixMillis;
use counterbell_shared::{Score, Touchpoint};
use diesel::QueryResult;

use super::letter::Block;
use super::people::Reader;
use super::texts::{Language, Texts, Voice};
use super::visible::shown;
use super::words::Room;
use crate::db::AnyConnection;
use crate::db::responses::ResponseRow;
use crate::db::touchpoints;
use crate::surveys::{find_answered, labelled};

/// Name of the survey that asks a site's own staff: the template, and what a site puts in its place.
const STAFF_SURVEY: &str = "staff";
/// What an earlier response of the same customer may take, in bytes: a glance at it.
const EARLIER_MAX_BYTES: usize = 1_200;

/// What the same customer said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// When, in Unix ms.
    pub at: i64,
    /// The score.
    pub score: u8,
    /// The highest that could be given.
    pub max: u8,
    /// In their words.
    pub comment: Option<String>,
}

impl Earlier {
    /// A response of that customer; `None` when its row is corrupt.
    pub fn of(row: &ResponseRow) -> Option<Self> {
        let score = row.score()?;
        let (at, comment) = (row.created_at, row.comment.clone());
        Some(Self { at, score: score.value(), max: score.metric().scale().max, comment })
    }
}

/// The label of a touchpoint, or else its name; `None` of the one that stands for none.
///
/// # Errors
/// What the database says.
pub fn place(conn: &mut AnyConnection, site_id: i64, name: &str) -> QueryResult<Option<String>> {
    let registered = touchpoints::Touchpoint::find(conn, site_id, name)?;
    let named = || Some(name).filter(|name| *name != Touchpoint::DEFAULT).map(str::to_owned);
    Ok(registered.map(|touchpoint| touchpoint.label).or_else(named))
}

/// The answers as people read them: question and answer, by the labels of the version that was answered, in the nearest
/// language.
///
/// # Errors
/// What the database says.
pub fn read_answers(
    conn: &mut AnyConnection,
    response: &ResponseRow,
    language: Language,
) -> QueryResult<Vec<(String, String)>> {
    let Some(answers) = response.answers.as_deref().and_then(Answers::from_json) else { return Ok(Vec::new()) };
    let survey = find_answered(conn, response.site_id, &response.survey, response.survey_version)?;
    Ok(labelled(&answers, survey.as_ref(), language.tag()))
}

/// Whether it is of the site's own staff.
pub fn is_of_staff(response: &ResponseRow) -> bool {
    response.survey == STAFF_SURVEY
}

/// What is said of whoever answered.
pub fn voice<'t>(response: &ResponseRow, texts: &'t Texts) -> &'t Voice {
    if is_of_staff(response) { &texts.staff } else { &texts.customer }
}

/// `1 out of 5`.
pub fn score_text(language: Language, score: u8, max: u8) -> String {
    language.fill(language.texts().score, &[("score", &score.to_string()), ("max", &max.to_string())])
}

/// The score, large.
pub fn score_block(language: Language, score: Score) -> Block {
    Block::Score {
        text: score_text(language, score.value(), score.metric().scale().max),
        scale: language.texts().metric(score.metric()).scale,
        unhappy: score.is_unhappy(),
    }
}

/// What was said in words: the comment, and answers to further questions.
pub fn said(language: Language, comment: Option<&str>, answers: &[(String, String)], room: &mut Room) -> Vec<Block> {
    let mut blocks = Vec::with_capacity(1 + answers.len());
    let mut cut = false;
    let mut take = |words: &str| {
        let (words, was_cut) = room.take(words);
        cut |= was_cut;
        words
    };
    blocks.push(match comment {
        Some(comment) => Block::Words(take(comment)),
        None => Block::Soft(language.texts().no_comment.to_owned()),
    });
    for (question, answer) in answers {
        blocks.push(Block::Answer(take(question), take(answer)));
    }
    if cut {
        blocks.push(Block::Soft(language.texts().cut.to_owned()));
    }
    blocks
}

/// What the same customer said before.
pub fn earlier_blocks(
    reader: &Reader,
    voice: &Voice,
    earlier: &[Earlier],
    personal: bool,
    room: &mut Room,
) -> Vec<Block> {
    let language = reader.language;
    if earlier.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Heading(voice.earlier.to_owned())];
    for Earlier { at, score, max, comment } in earlier {
        let (when, score) = (reader.zone.minute(UnixMillis(*at)), score_text(language, *score, *max));
        blocks.push(Block::Text(language.fill(language.texts().row, &[("name", &when), ("value", &score)])));
        if let Some(comment) = comment.as_deref().filter(|_| personal) {
            blocks.push(Block::Words(room.take_some(comment, EARLIER_MAX_BYTES).0));
        }
    }
    blocks
}

/// The order that a response names, harmless. Nobody signs them yet.
pub fn order(language: Language, response: &ResponseRow) -> Option<String> {
    let order = shown(response.order_ref.as_deref()?);
    Some(language.fill(language.texts().rows.order_unproven, &[("order", &order)]))
}

/// Names and values of a response; those that say who somebody is only when `personal`.
pub fn rows(
    reader: &Reader,
    response: &ResponseRow,
    score: Score,
    place: Option<&str>,
    personal: bool,
) -> Vec<(&'static str, String)> {
    let (language, texts) = (reader.language, reader.language.texts());
    let private = |value: &Option<String>| value.as_deref().filter(|_| personal).map(shown);
    let order = order(language, response).filter(|_| personal);
    let rows = [
        (texts.rows.place, place.map(shown)),
        (texts.rows.metric, Some(texts.metric(score.metric()).name.to_owned())),
        (texts.rows.order, order),
        (voice(response, texts).person, private(&response.customer_ref)),
        (texts.rows.answered, Some(reader.zone.minute(UnixMillis(response.created_at)))),
        (texts.rows.page, private(&response.page_url)),
        (texts.rows.language, response.locale.clone()),
    ];
    rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}
