//! The mail that tells staff about an unhappy customer.

use askama::Template;
use counterbell_shared::metric::Metric;
use counterbell_shared::time::UnixMillis;
use counterbell_shared::{Band, EmailAddress};
use lettre::Message;
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use super::defang::defang;
use super::visible::visible;
use crate::db::responses::ResponseRow;

/// RFC 3834 section 5: keeps out-of-office replies away.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// What both forms of the mail show; every text of the customer's is defanged.
struct Facts {
    headline: String,
    score: i32,
    max: u8,
    comment: Option<String>,
    /// Question and answer.
    answers: Vec<(String, String)>,
    rows: Vec<(&'static str, String)>,
    reply: Reply,
    complete: bool,
    site: String,
    response_id: String,
}

/// Whether a reply to the mail reaches the customer.
enum Reply {
    /// They left no address, or did not agree.
    No,
    /// It goes to this address.
    To(EmailAddress),
    /// They left this as an address, and mail cannot be sent to it: harmless text.
    Unusable(String),
}

impl Reply {
    /// What was stored need not be an address: the customer typed it, and an earlier version took more.
    fn of(contact: Option<&str>) -> Self {
        let Some(contact) = contact else { return Self::No };
        contact.parse().map_or_else(|_| Self::Unusable(defang(&visible(contact))), Self::To)
    }
}

#[derive(Template)]
#[template(path = "alert.html")]
struct Html<'a> {
    facts: &'a Facts,
}

#[derive(Template)]
#[template(path = "alert.txt")]
struct Text<'a> {
    facts: &'a Facts,
}

impl Facts {
    fn new(content: &AlertContent) -> Option<Self> {
        let AlertContent { site, response, answers } = content;
        let score = response.score()?;
        let customer = match score.band() {
            Some(Band::Dissatisfied) => "Dissatisfied customer",
            Some(Band::Detractor) => "Detractor",
            _ => "Response",
        };
        let metric = match score.metric() {
            Metric::Csat => "satisfaction (CSAT)",
            Metric::Nps => "likelihood to recommend (NPS)",
            Metric::Ces => "effort (CES)",
            Metric::Expectation => "expectation",
        };
        let rows = [
            ("Touchpoint", Some(defang(&response.touchpoint))),
            ("Measured", Some(metric.to_owned())),
            ("Order", response.order_ref.as_deref().map(defang)),
            ("Customer", response.customer_ref.as_deref().map(defang)),
            ("Answered", Some(minute(UnixMillis(response.created_at)))),
            ("Page", response.page_url.as_deref().map(defang)),
            ("Language", response.locale.clone()),
        ];
        Some(Self {
            headline: format!("{customer} at {}", defang(&response.touchpoint)),
            score: response.score,
            max: score.metric().scale().max,
            comment: response.comment.as_deref().map(defang),
            answers: answers.iter().map(|(question, answer)| (defang(question), defang(answer))).collect(),
            rows: rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect(),
            reply: Reply::of(response.contact_email.as_deref()),
            complete: response.complete,
            site: site.clone(),
            response_id: response.id()?.to_string(),
        })
    }

    /// Says touchpoint and score: the subject alone is read on a phone's lock screen.
    fn subject(&self) -> String {
        format!("{}: {} of {} [{}]", self.headline, self.score, self.max, self.site)
    }
}

/// `2026-11-21 14:05 UTC`.
fn minute(time: UnixMillis) -> String {
    let text = time.to_string();
    format!("{} {} UTC", text.get(..10).unwrap_or_default(), text.get(11..16).unwrap_or_default())
}

/// What an alert mail is made of.
#[derive(Clone, Debug)]
pub struct AlertContent {
    /// Name of the site.
    pub site: String,
    /// What it is about.
    pub response: ResponseRow,
    /// Its answers to further questions, as people read them: question and answer.
    pub answers: Vec<(String, String)>,
}

/// The alert mail for a response to one recipient; its Message-ID is the outbox message's.
///
/// # Errors
/// A reason, when an address or the response cannot be used.
pub fn alert_mail(
    from: &EmailAddress,
    recipient: &str,
    message_id: &str,
    content: &AlertContent,
) -> Result<Message, String> {
    let recipient: EmailAddress =
        recipient.parse().map_err(|error| format!("the recipient's address cannot be used: {error}"))?;
    let mailbox = |name: Option<&str>, address: &EmailAddress| -> Result<Mailbox, String> {
        let address = address.as_str().parse().map_err(|_| "a mail address cannot be used".to_owned())?;
        Ok(Mailbox::new(name.map(str::to_owned), address))
    };
    let facts = Facts::new(content).ok_or("the stored response is corrupt")?;
    let mut mail = Message::builder()
        .from(mailbox(Some("Counterbell"), from)?)
        .to(mailbox(None, &recipient)?)
        .subject(facts.subject())
        .message_id(Some(format!("<{message_id}@{}>", from.domain())))
        .header(AutoSubmitted);
    // An address is stored only with consent. The fewest steps to the customer: press Reply.
    if let Reply::To(contact) = &facts.reply {
        mail = mail.reply_to(mailbox(None, contact)?);
    }
    let text = Text { facts: &facts }.render().map_err(|error| error.to_string())?;
    let html = Html { facts: &facts }.render().map_err(|error| error.to_string())?;
    mail.multipart(MultiPart::alternative_plain_html(text, html)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mail(comment: &str, contact: Option<&str>) -> String {
        let response = ResponseRow {
            site_id: 1,
            response_id: vec![7; 16],
            touchpoint: "checkout".to_owned(),
            survey: "csat".to_owned(),
            survey_version: 1,
            metric: "csat".to_owned(),
            score: 1,
            comment: Some(comment.to_owned()),
            order_ref: Some("A-1001".to_owned()),
            customer_ref: None,
            contact_email: contact.map(str::to_owned),
            locale: Some("en".to_owned()),
            page_url: Some("https://shop.example/done".to_owned()),
            channel: "web".to_owned(),
            created_at: 1_795_269_900_000,
            received_at: 1_795_269_900_000,
            held: None,
            answers: None,
            complete: true,
            revision: 0,
        };
        let answers = vec![("What went wrong?".to_owned(), "It came late; <i>no bell</i>".to_owned())];
        let content = AlertContent { site: "Bramble & Oak".to_owned(), response, answers };
        let from = "counterbell@localhost".parse().unwrap();
        let mail = alert_mail(&from, "staff@shop.example", "0193-id", &content).unwrap();
        String::from_utf8(mail.formatted()).unwrap()
    }

    #[test]
    fn head_says_what_happened_and_who_sent_it() {
        let mail = mail("Late", None);
        for line in [
            "Subject: Dissatisfied customer at checkout: 1 of 5 [Bramble & Oak]\r\n",
            "Message-ID: <0193-id@localhost>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "To: staff@shop.example\r\n",
        ] {
            assert!(mail.contains(line), "{line} in {mail}");
        }
        assert!(
            mail.contains("What went wrong?") && mail.contains("It came late") && !mail.contains("<i>no bell</i></")
        );
        assert!(!mail.contains("Reply-To"));
    }

    #[test]
    fn reply_reaches_a_customer_who_agreed() {
        assert!(mail("Late", Some("ann@example.com")).contains("Reply-To: ann@example.com\r\n"));
    }

    #[test]
    fn mail_is_not_lost_over_the_customers_address() {
        for (typed, shown) in [
            ("ann@gmail.com/", "ann\u{2060}@gmail\u{2060}.com/"),
            ("nobody", "nobody"),
            ("ann\u{202e}@x.example", "ann[U+202E]\u{2060}@x\u{2060}.example"),
        ] {
            assert!(matches!(Reply::of(Some(typed)), Reply::Unusable(text) if text == shown), "{typed}");
            let mail = mail("Late", Some(typed));
            assert!(!mail.contains("Reply-To") && mail.contains("mail cannot be sent to:"), "{mail}");
        }
    }

    proptest! {
        /// What is taken as an address at the edge can be sent to.
        #[test]
        fn every_address_is_one_for_the_mail_library(text in "[a-zA\u{f8}0.!/'+_\"-]{1,9}@[a-zB\u{fc}\u{df}0.:\\[\\]_-]{1,9}") {
            if let Ok(address) = text.parse::<EmailAddress>() {
                prop_assert!(address.as_str().parse::<lettre::Address>().is_ok(), "{}", address);
            }
        }
    }

    #[test]
    fn customers_words_stay_words() {
        let response_is_escaped = mail("<b>x</b>", None);
        assert!(!response_is_escaped.contains("<b>x</b></"));
        assert!(!response_is_escaped.contains("http://"));
    }
}
