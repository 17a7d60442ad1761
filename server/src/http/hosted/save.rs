//! From the form to a stored revision of the response, on the way of every other response.

use std::borrow::Cow;

use actix_web::HttpRequest;
use counterbell_shared::answers::{NewAnswer, NewAnswers};
use counterbell_shared::limits::REVISION_MAX;
use counterbell_shared::response::{NewContact, NewResponse, Response};
use counterbell_shared::time::UnixMillis;
use counterbell_shared::widget_config::{WidgetAsk, WidgetConfig};
use counterbell_shared::{Channel, ContactEmail, Outcome, ResponseId};

use super::address::Asked;
use super::form::Form;
use crate::db::responses::ResponseRow;
use crate::http::ApiError;
use crate::http::public::Intake;
use crate::metrics::IngestOutcome;

/// Stores what was answered up to now; the revision that comes after it. Counts what became of it.
///
/// # Errors
/// 422, 429, 503.
pub async fn save(
    request: &HttpRequest,
    intake: &Intake,
    asked: &Asked,
    new: &NewResponse<'_>,
) -> Result<i64, ApiError> {
    let mut counted = intake.metrics.ingest_request();
    let saved = store(request, intake, asked, new).await;
    counted.ends_as(saved.as_ref().map_or_else(|error| error.code().into(), |(outcome, _)| *outcome));
    saved.map(|(_, revision)| revision + 1)
}

async fn store(
    request: &HttpRequest,
    intake: &Intake,
    asked: &Asked,
    new: &NewResponse<'_>,
) -> Result<(IngestOutcome, i64), ApiError> {
    intake.limits.check_response(request)?;
    let parsed = new.parse(|name| asked.known.surveys.version(name)).map_err(ApiError::invalid_response)?;
    let response = parsed.response;
    let known = &asked.known;
    let accepted = intake.accept(known, response.clone()).await?;
    let revision = i64::from(response.revision);
    if accepted.receipt.outcome != Outcome::Duplicate {
        return Ok((accepted.counted, revision));
    }
    // A form sent before: reloaded, or changed after going back with the browser's own button.
    let Some(id) = response.response_id else { return Ok((accepted.counted, revision)) };
    let site_ids = [known.site.id];
    let Some(stored) = intake.look_ups.read(move |conn| ResponseRow::find(conn, &site_ids, id)).await? else {
        return Ok((accepted.counted, revision));
    };
    let later = u16::try_from(stored.revision).unwrap_or(REVISION_MAX).max(response.revision);
    // What is sent last is what the customer means; a step on the way there goes on with the form.
    if response.complete && !says_the_same(&stored, &response) && later < REVISION_MAX {
        let accepted = intake.accept(known, Response { revision: later + 1, ..response }).await?;
        return Ok((accepted.counted, i64::from(later) + 1));
    }
    Ok((accepted.counted, later.into()))
}

fn says_the_same(stored: &ResponseRow, response: &Response) -> bool {
    stored.score == i32::from(response.score.value())
        && stored.comment.as_deref() == response.comment.as_ref().map(|comment| comment.as_str())
        && stored.contact_email.as_deref() == response.contact_email.as_ref().map(ContactEmail::as_str)
        && stored.answers == response.answers.as_ref().map(|answers| answers.to_json())
        && stored.complete
}

/// What the form says, up to now: `said` are the questions that belong to this score. Answers to others are left out.
pub fn response_of<'a>(
    form: &'a Form,
    asked: &'a Asked,
    config: &'a WidgetConfig<'_>,
    score: i64,
    said: &[&[WidgetAsk<'_>]],
    complete: bool,
) -> NewResponse<'a> {
    let asks = || said.iter().copied().flatten();
    let text = |text: &'a str| (!text.is_empty()).then_some(Cow::Borrowed(text));
    let answers = asks().filter_map(|ask| match ask {
        WidgetAsk::One(choice) | WidgetAsk::Many(choice) => {
            let chosen = form.chosen.get(choice.id)?;
            let choices = chosen.choices.iter().filter(|id| !id.is_empty()).cloned().collect();
            let other = chosen.has_other().then(|| chosen.other.clone());
            Some((choice.id.to_owned(), NewAnswer { choices, other }))
        }
        _ => None,
    });
    let wants_comment = asks().any(|ask| matches!(ask, WidgetAsk::Comment { .. }));
    let wants_contact = asks().any(|ask| matches!(ask, WidgetAsk::Contact { .. }));
    // What is no address is told where it is asked for, and does not hold up the rest.
    let email = text(&form.email).filter(|email| wants_contact && email.parse::<ContactEmail>().is_ok());
    NewResponse {
        site_key: asked.known.site.site_key.as_str().into(),
        response_id: Some(form.response_id.as_str().into()),
        touchpoint: Some(asked.touchpoint.as_str().into()),
        survey: Some(config.survey.name.into()),
        survey_version: form.survey_version,
        score,
        comment: text(&form.comment).filter(|_| wants_comment),
        answers: Some(NewAnswers(answers.collect())),
        order_ref: text(&form.order),
        customer_ref: text(&form.customer),
        contact: email.map(|email| NewContact { email, consent: form.consent }),
        locale: Some(config.locale.into()),
        page_url: text(&form.page_url),
        channel: Some(Channel::Link.as_str().into()),
        created_at: None,
        elapsed_ms: elapsed_ms(&form.response_id),
        website: text(&form.website),
        complete: Some(complete),
        revision: Some(form.revision),
    }
}

/// How long ago the page was asked for: its response's id says when. Unknown when another server's clock made it in the
/// future.
fn elapsed_ms(response_id: &str) -> Option<i64> {
    let made = response_id.parse::<ResponseId>().ok()?.unix_ms()?;
    let elapsed = UnixMillis::now().0 - i64::try_from(made).ok()?;
    (elapsed >= 0).then_some(elapsed)
}
