//! What an alert mail says, in HTML as in plain text.

use counterbell_shared::time::UnixMillis;
use counterbell_shared::{EmailAddress, Metric, Score, Touchpoint};

use super::alert::AlertContent;
use super::defang::{defang, defang_link};
use super::visible::{isolated, visible};

/// Name of the survey that asks a site's own staff: the template, and what a site puts in its place.
const STAFF_SURVEY: &str = "staff";

/// What both forms of the mail show; every text of others is harmless.
pub struct Facts {
    /// `Unhappy customer at checkout`.
    pub headline: String,
    /// As it was given.
    pub score: u8,
    /// Highest score that could be given.
    pub max: u8,
    /// What the ends of the scale mean.
    pub scale: &'static str,
    /// Whoever wrote is not content.
    pub unhappy: bool,
    /// In their own words.
    pub comment: Option<String>,
    /// Question and answer.
    pub answers: Vec<(String, String)>,
    /// Name and value.
    pub rows: Vec<(&'static str, String)>,
    /// Who wrote: `customer`, `member of staff`.
    pub who: &'static str,
    /// Whether replying reaches them.
    pub reply: Reply,
    /// They had finished.
    pub complete: bool,
    /// Its name.
    pub site: String,
    /// By which the message is found in the outbox.
    pub number: String,
}

/// Whether a reply to the mail reaches whoever wrote.
pub enum Reply {
    /// They left no address, or did not agree.
    No,
    /// It goes to this address.
    To(EmailAddress),
    /// This mail server cannot send there: what stands before the `@` is not ASCII.
    NeedsSmtpUtf8(String),
    /// They left this as an address, and mail cannot be sent to it: harmless text.
    Unusable(String),
}

impl Reply {
    /// What was stored need not be an address: the customer typed it, and an earlier version took more.
    pub fn of(contact: Option<&str>, smtputf8: bool) -> Self {
        let Some(contact) = contact else { return Self::No };
        match contact.parse::<EmailAddress>() {
            Ok(address) if address.needs_smtputf8() && !smtputf8 => {
                Self::NeedsSmtpUtf8(isolated(visible(address.as_str())))
            }
            Ok(address) => Self::To(address),
            Err(_) => Self::Unusable(isolated(defang(&visible(contact)))),
        }
    }
}

impl Facts {
    /// `None` when the response's row is corrupt.
    pub fn new(content: &AlertContent, number: String, smtputf8: bool) -> Option<Self> {
        let AlertContent { site, zone, response, answers } = content;
        let score = response.score()?;
        let is_staff = response.survey == STAFF_SURVEY;
        let who = if is_staff { "member of staff" } else { "customer" };
        // Its sender named none.
        let touchpoint = Some(&response.touchpoint).filter(|name| *name != Touchpoint::DEFAULT).map(|name| shown(name));
        let place = touchpoint.as_ref().map_or_else(String::new, |name| format!(" at {name}"));
        let headline = match (score.is_unhappy(), is_staff) {
            (true, _) => format!("Unhappy {who}{place}"),
            (false, true) => format!("New feedback from staff{place}"),
            (false, false) => format!("New feedback{place}"),
        };
        let (question_type, scale) = measured(score);
        let rows = [
            ("Where", touchpoint),
            ("Question type", Some(question_type.to_owned())),
            ("Order", response.order_ref.as_deref().map(shown)),
            (if is_staff { "Person" } else { "Customer" }, response.customer_ref.as_deref().map(shown)),
            ("When", Some(zone.minute(UnixMillis(response.created_at)))),
            ("Page", response.page_url.as_deref().map(shown)),
            ("Language", response.locale.clone()),
        ];
        Some(Self {
            headline,
            score: score.value(),
            max: score.metric().scale().max,
            scale,
            unhappy: score.is_unhappy(),
            comment: response.comment.as_deref().map(defang),
            answers: answers.iter().map(|(question, answer)| (defang(question), defang(answer))).collect(),
            rows: rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
            who,
            reply: Reply::of(response.contact_email.as_deref(), smtputf8),
            complete: response.complete,
            site: isolated(visible(site)),
            number,
        })
    }

    /// Colour of the score: red for an unhappy one.
    pub fn accent(&self) -> &'static str {
        if self.unhappy { "#b3261e" } else { "#23211d" }
    }

    /// Says touchpoint and score: the subject alone is read on a phone's lock screen.
    pub fn subject(&self) -> String {
        format!("{}: {} out of {} [{}]", self.headline, self.score, self.max, self.site)
    }
}

/// A text of one line, to be read, copied and filtered: as it is, unless it is not what it looks like.
fn shown(text: &str) -> String {
    isolated(defang_link(visible(text)))
}

/// What kind of question it was, and what the ends of its scale mean.
fn measured(score: Score) -> (&'static str, &'static str) {
    match score.metric() {
        Metric::Csat => ("satisfaction (CSAT)", "1 is very dissatisfied, 5 very satisfied"),
        Metric::Nps => ("likelihood to recommend (NPS)", "0 is not at all likely, 10 extremely likely"),
        Metric::Ces => ("effort (CES)", "1 is not easy at all, 7 very easy"),
        Metric::Expectation => ("expectation", "1 is worse than expected, 2 as expected, 3 better"),
    }
}
