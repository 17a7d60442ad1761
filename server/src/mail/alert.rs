//! The mail that tells staff about an unhappy customer.

use std::collections::HashMap;
use std::sync::Arc;

use askama::Template;
use counterbell_shared::answers::Answers;
use counterbell_shared::{EmailAddress, ResponseId};
use diesel::QueryResult;
use lettre::Message;
use lettre::address::Envelope;
use lettre::message::MultiPart;

use super::build_error::{MailBuildError, Party};
use super::facts::{Facts, Reply};
use super::head;
use super::mailer::{Mailer, SendError};
use super::number::message_number;
use super::visible::visible;
use crate::db::AnyConnection;
use crate::db::outbox::OutboxRow;
use crate::db::responses::{self, ResponseRow};
use crate::db::sites::Site;
use crate::outbox::{Deliver, Delivery, ToDo};
use crate::surveys::{find_answered, labelled};
use crate::zone::Zone;

/// The name of the kind in the database.
pub const ALERT_MAIL: &str = "alert_mail";

/// Sends alert mails.
pub struct AlertMail {
    /// With which.
    pub mailer: Arc<Mailer>,
}

impl Deliver for AlertMail {
    fn kind(&self) -> &'static str {
        ALERT_MAIL
    }

    fn prepare(&self, conn: &mut AnyConnection, messages: &[&OutboxRow]) -> QueryResult<Vec<ToDo>> {
        let contents = AlertContent::load(conn, messages)?;
        let send = |(message, content): (&&OutboxRow, _)| ToDo::Send(self.delivery(message, content));
        Ok(messages.iter().zip(contents).map(send).collect())
    }
}

impl AlertMail {
    fn delivery(&self, message: &OutboxRow, content: Option<AlertContent>) -> Delivery {
        let (mailer, id, recipient) = (Arc::clone(&self.mailer), message.id(), message.destination.clone());
        Box::new(move |handover| {
            Box::pin(async move {
                let content = content.ok_or(SendError::Gone)?;
                let id = id.ok_or_else(|| SendError::from(MailBuildError::Unwritable("its id is none".to_owned())))?;
                let make = |smtputf8| alert_mail(mailer.from(), &recipient, id, &content, smtputf8);
                Ok(mailer.send(&id.to_string(), make, &handover).await?)
            })
        })
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

/// What an alert mail is made of.
#[derive(Clone, Debug)]
pub(super) struct AlertContent {
    /// Name of the site.
    pub site: String,
    /// In which its times are shown.
    pub zone: Zone,
    /// What it is about.
    pub response: ResponseRow,
    /// Its answers to further questions, as people read them: question and answer.
    pub answers: Vec<(String, String)>,
}

impl AlertContent {
    /// What each of the messages' mails is made of, all read at once; `None` when the response is no longer stored.
    fn load(conn: &mut AnyConnection, messages: &[&OutboxRow]) -> QueryResult<Vec<Option<Self>>> {
        let key = |message: &&OutboxRow| (message.site_id, message.subject_id.clone());
        let keys: Vec<_> = messages.iter().map(key).collect();
        let rows = responses::find_all(conn, &keys)?;
        let found: HashMap<_, _> = rows.into_iter().map(|row| ((row.site_id, row.response_id.clone()), row)).collect();
        let mut sites: HashMap<i64, Option<(String, Zone)>> = HashMap::new();
        let mut contents = Vec::with_capacity(messages.len());
        for key in keys {
            let site = match sites.get(&key.0) {
                Some(site) => site.clone(),
                None => {
                    let site = Site::find_name_and_zone(conn, key.0)?;
                    sites.entry(key.0).or_insert(site.map(|(name, zone)| (name, Zone::or_utc(&zone)))).clone()
                }
            };
            contents.push(match site.zip(found.get(&key).cloned()) {
                Some(((site, zone), response)) => {
                    let answers = read_answers(conn, &response)?;
                    Some(Self { site, zone, response, answers })
                }
                None => None,
            });
        }
        Ok(contents)
    }
}

/// The answers as people read them: by the labels of the version that was answered.
fn read_answers(conn: &mut AnyConnection, response: &ResponseRow) -> QueryResult<Vec<(String, String)>> {
    let Some(answers) = response.answers.as_deref().and_then(Answers::from_json) else { return Ok(Vec::new()) };
    let survey = find_answered(conn, response.site_id, &response.survey, response.survey_version)?;
    Ok(labelled(&answers, survey.as_ref()))
}

/// The alert mail for a response to one recipient; its Message-ID is the outbox message's.
///
/// `smtputf8`: the connection it goes over offers SMTPUTF8 (RFC 6531). Without it no address that needs it is used; the
/// customer's is left out, and the mail says so.
///
/// # Errors
/// [`MailBuildError`]: none goes away by trying again.
fn alert_mail(
    from: &EmailAddress,
    recipient: &str,
    message_id: ResponseId,
    content: &AlertContent,
    smtputf8: bool,
) -> Result<Message, MailBuildError> {
    let recipient: EmailAddress = recipient.parse().map_err(MailBuildError::Recipient)?;
    for (party, address) in [(Party::Sender, from), (Party::Recipient, &recipient)] {
        if address.needs_smtputf8() && !smtputf8 {
            return Err(MailBuildError::NeedsSmtpUtf8(party));
        }
    }
    let facts = Facts::new(content, message_number(message_id), smtputf8).ok_or(MailBuildError::CorruptResponse)?;
    let (sender, to) = (address(from)?, address(&recipient)?);
    let mut mail = Message::builder()
        .envelope(Envelope::new(Some(sender), vec![to.clone()]).map_err(unwritable)?)
        .raw_header(head::from(&visible(&content.site), from))
        .to(to.into())
        .raw_header(head::subject(facts.subject()))
        .message_id(Some(format!("<{message_id}@{}>", from.domain())))
        // Out-of-office replies are kept away by RFC 3834 section 5, and from Exchange by Microsoft's own.
        .raw_header(head::fixed("Auto-Submitted", "auto-generated"))
        .raw_header(head::fixed("X-Auto-Response-Suppress", "All"));
    // An address is stored only with consent. The fewest steps to the customer: press Reply.
    if let Reply::To(contact) = &facts.reply {
        mail = mail.reply_to(address(contact)?.into());
    }
    let text = Text { facts: &facts }.render().map_err(unwritable)?;
    let html = Html { facts: &facts }.render().map_err(unwritable)?;
    mail.multipart(MultiPart::alternative_plain_html(text, html)).map_err(unwritable)
}

fn address(email: &EmailAddress) -> Result<lettre::Address, MailBuildError> {
    email.as_str().parse().map_err(unwritable)
}

fn unwritable(error: impl std::fmt::Display) -> MailBuildError {
    MailBuildError::Unwritable(error.to_string())
}

#[cfg(test)]
mod tests {
    use counterbell_shared::contact::InvalidEmail;
    use proptest::prelude::*;

    use super::*;

    const MESSAGE: &str = "018bcfe5-6800-7fff-8102-030405060708";

    fn content(comment: &str, contact: Option<&str>) -> AlertContent {
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
        AlertContent { site: "Bramble & Oak".to_owned(), zone: Zone::or_utc("Europe/Berlin"), response, answers }
    }

    fn build(from: &str, recipient: &str, content: &AlertContent, smtputf8: bool) -> Result<String, MailBuildError> {
        let mail = alert_mail(&from.parse().unwrap(), recipient, MESSAGE.parse().unwrap(), content, smtputf8)?;
        Ok(String::from_utf8(mail.formatted()).unwrap())
    }

    fn mail(comment: &str, contact: Option<&str>) -> String {
        build("counterbell@localhost", "staff@shop.example", &content(comment, contact), false).unwrap()
    }

    #[test]
    fn head_says_what_happened_and_who_sent_it() {
        let mail = mail("Late", None);
        for line in [
            "Subject: Unhappy customer at checkout: 1 out of 5 [Bramble & Oak]\r\n",
            "Message-ID: <018bcfe5-6800-7fff-8102-030405060708@localhost>\r\n",
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
            assert!(matches!(Reply::of(Some(typed), true), Reply::Unusable(text) if text == shown), "{typed}");
            let mail = mail("Late", Some(typed));
            assert!(!mail.contains("Reply-To") && mail.contains("mail cannot be sent to:"), "{mail}");
        }
    }

    #[test]
    fn name_outside_ascii_is_used_only_over_smtputf8() {
        let content = content("Late", Some("\u{e5}se@b\u{fc}cher.example"));
        let mail = |from, recipient, smtputf8| build(from, recipient, &content, smtputf8);
        let (ascii, other) = ("a@b.example", "s\u{f8}ren@b\u{fc}cher.example");

        assert_eq!(mail(other, ascii, false), Err(MailBuildError::NeedsSmtpUtf8(Party::Sender)));
        assert_eq!(mail(ascii, other, false), Err(MailBuildError::NeedsSmtpUtf8(Party::Recipient)));
        assert!(!mail(ascii, ascii, false).unwrap().contains("Reply-To"));
        let mail = mail(other, other, true).unwrap();
        for header in ["From: \"Bramble & Oak\" <", "To: "] {
            assert!(mail.contains(&format!("{header}s\u{f8}ren@xn--bcher-kva.example")), "{mail}");
        }
        assert!(mail.contains("Reply-To: \u{e5}se@xn--bcher-kva.example\r\n"), "{mail}");
    }

    #[test]
    fn what_trying_again_does_not_mend_is_told_apart() {
        let good = content("Late", None);
        let mail = |recipient, content: &_| build("a@b.example", recipient, content, true);
        assert_eq!(mail("staff@shop.example/", &good), Err(MailBuildError::Recipient(InvalidEmail::Domain)));
        let response = ResponseRow { score: 9, ..good.response.clone() };
        let corrupt = AlertContent { response, ..good.clone() };
        assert_eq!(mail("c@d.example", &corrupt), Err(MailBuildError::CorruptResponse));
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
