use counterbell_shared::EmailAddress;
use counterbell_shared::contact::InvalidEmail;
use proptest::prelude::*;

use super::*;
use crate::db::responses::ResponseRow;
use crate::mail::build_error::Party;
use crate::mail::reply::Reply;
use crate::mail::samples;
use crate::mail::texts::Language;

const MESSAGE: &str = "018bcfe5-6800-7fff-8102-030405060708";

fn content(comment: &str, contact: Option<&str>) -> AlertContent {
    let response = ResponseRow {
        comment: Some(comment.to_owned()),
        contact_email: contact.map(str::to_owned),
        ..samples::response()
    };
    AlertContent { place: Some("checkout".to_owned()), response, ..samples::alert(Language::En) }
}

fn build(from: &str, recipient: &str, content: &AlertContent, smtputf8: bool) -> Result<String, MailBuildError> {
    let heading = Heading {
        from: &from.parse().unwrap(),
        recipient,
        message_id: MESSAGE.parse().unwrap(),
        follows: None,
        reply_to: None,
        smtputf8,
    };
    let mail = alert_mail(&heading, content, Some(&samples::signer()))?;
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
    assert!(mail.contains("What went wrong?") && mail.contains("It came late") && !mail.contains("<i>no bell</i></"));
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
    let content = content("<b>x</b> http://evil.example ann@evil.example", None);
    let (letter, _) = content.letter(None, "1", true).unwrap();
    let (html, text) = (letter.html().unwrap(), letter.text());
    assert!(html.contains("&#60;b&#62;x") && !html.contains("<b>x</b>") && text.contains("> <b>x</b>"), "{html}");
    for part in [html, text] {
        assert!(!part.contains("http://") && !part.contains("ann@evil") && !part.contains("evil.example"), "{part}");
    }
}
