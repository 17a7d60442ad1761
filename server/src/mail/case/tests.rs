//! Mails about cases, from what is stored to what is read.

use counterbell_shared::ResponseId;
use counterbell_shared::time::UnixMillis;
use mail_parser::MessageParser;
use serde_json::json;
use tempfile::TempDir;
use tokio::task::LocalSet;

use super::*;
use crate::cases::test_shop::{ANN, BEN, a_shop, an_unhappy_response, triage};
use crate::cases::{Action, Asked, Assignee, By, Kept, Means, Message, act};
use crate::config::{MailConfig, MailLimits, MailTransport};
use crate::db::dialect::write_transaction;
use crate::db::journal;
use crate::db::outbox::{About, MAIL_LANE, NewOutboxRow, Subject, insert, list};
use crate::db::responses::NewResponseRow;
use crate::db::test_database::TestDatabase;
use crate::db::{migrations, staff};
use crate::ids::new_id;
use crate::mail::alert::{ALERT_MAIL, AlertMail};
use crate::outbox::Handover;

const MINUTE: i64 = 60_000;

struct Shop {
    conn: AnyConnection,
    site_id: i64,
    folder: TempDir,
    mailer: Arc<Mailer>,
    links: MailLinks,
    _database: TestDatabase,
}

impl Shop {
    fn on_each_database() -> impl Iterator<Item = Self> {
        TestDatabase::of_each_kind().into_iter().map(|database| {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();
            let site_id = a_shop(&mut conn, "Shop", 0);
            let folder = tempfile::tempdir().unwrap();
            let config = MailConfig {
                from: "bell@shop.example".parse().unwrap(),
                transport: MailTransport::Folder(folder.path().to_owned()),
                limits: MailLimits::default(),
            };
            let links = MailLinks { public_url: "https://bell.example".parse().ok(), ..MailLinks::default() };
            links.links.make_first_key(&mut conn, 0).unwrap();
            let mailer = Arc::new(Mailer::new(&config).unwrap());
            Self { conn, site_id, folder, mailer, links, _database: database }
        })
    }

    fn person(&mut self, email: &str) -> i64 {
        staff::person_of(&mut self.conn, email).unwrap().unwrap()
    }

    /// An unhappy response of one customer that triage decided about at `at`, and its case.
    fn unhappy(&mut self, comment: &str, at: i64) -> (ResponseId, Kept) {
        let (comment, order_ref) = (Some(comment.to_owned()), Some("A-1001".to_owned()));
        let row = NewResponseRow { comment, order_ref, ..an_unhappy_response(self.site_id, at) };
        let (response, case) = triage(&mut self.conn, &row);
        (response.id().unwrap(), case.kept().clone())
    }

    /// The number of the case of a customer whom nobody knows.
    fn another(&mut self, at: i64) -> i64 {
        triage(&mut self.conn, &an_unhappy_response(self.site_id, at)).1.kept().case.number
    }

    /// Tells `to` of a response.
    fn alert(&mut self, to: &str, response: ResponseId, case: i64, at: i64) -> ResponseId {
        let (message_id, person) = (new_id(UnixMillis(at)), self.person(to));
        let payload = json!({ "rule": "unhappy", "person": person, "why": { "team": "alerts" }, "case": case });
        let about = About {
            kind: ALERT_MAIL,
            lane: MAIL_LANE,
            destination: to,
            subject: Subject::Response(*response.as_bytes()),
            person_id: person,
            payload: &payload,
            due_at: at,
        };
        insert(&mut self.conn, &[NewOutboxRow::new(self.site_id, message_id, &about, at)]).unwrap();
        message_id
    }

    /// Tells Ann that nobody has taken a case.
    fn step(&mut self, case: &Kept, now: i64) {
        let person_id = self.person(ANN);
        let payload = json!({ "message": "escalated", "person": person_id, "since": case.case.steps_from, "step": 0,
            "why": { "team": "alerts" } });
        let about = About {
            kind: CASE_MAIL,
            lane: MAIL_LANE,
            destination: ANN,
            subject: Subject::Case(case.id, "another/1"),
            person_id,
            payload: &payload,
            due_at: now,
        };
        let message = NewOutboxRow::new(self.site_id, new_id(UnixMillis(now)), &about, now);
        insert(&mut self.conn, &[message]).unwrap();
    }

    fn act(&mut self, by: &str, number: i64, action: Action, now: i64) {
        let (by, site_id) = (By::person(self.person(by), Means::Link), self.site_id);
        let asked = Asked { by, seen: None, entry_id: None, now };
        let acted = write_transaction(&mut self.conn, |conn| {
            let mut site = journal::lock(conn, site_id)?;
            act(conn, &mut site, number, action, &asked)
        });
        assert!(acted.unwrap().is_ok());
    }

    /// The messages of a kind that are stored, the oldest first.
    fn messages(&mut self, kind: &str) -> Vec<OutboxRow> {
        let mut all = list(&mut self.conn, &[self.site_id], None, None, 100).unwrap();
        all.retain(|message| message.kind == kind);
        all.reverse();
        all
    }

    /// What is to be done with each; what sends a mail does. Subject, text and the message that it follows, of each mail.
    fn mails(&mut self, kind: &dyn Deliver) -> Vec<Option<(String, String, Option<String>)>> {
        let messages = self.messages(kind.kind());
        let to_do = kind.prepare(&mut self.conn, &messages.iter().collect::<Vec<_>>()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let send = |(message, to_do): (&OutboxRow, ToDo)| {
            let ToDo::Send(delivery) = to_do else { return None };
            LocalSet::new().block_on(&runtime, delivery(Handover::default())).unwrap();
            let path = self.folder.path().join(format!("{}.eml", message.id().unwrap()));
            let mail = MessageParser::default().parse(&std::fs::read(path).unwrap()).unwrap().into_owned();
            let references = mail.references().as_text().map(str::to_owned);
            assert_eq!(references.as_deref(), mail.in_reply_to().as_text());
            Some((mail.subject().unwrap().to_owned(), mail.body_text(0).unwrap().into_owned(), references))
        };
        messages.iter().zip(to_do).map(send).collect()
    }

    fn case_mail(&self) -> CaseMail {
        CaseMail { mailer: Arc::clone(&self.mailer), links: self.links.clone() }
    }
}

#[test]
fn alert_leads_to_its_case_and_says_what_the_customer_said_before() {
    for mut shop in Shop::on_each_database() {
        let now = UnixMillis::now().0;
        let (first, case) = shop.unhappy("Late", now - 2 * MINUTE);
        let (second, joined) = shop.unhappy("Still late", now - MINUTE);
        assert_eq!(joined.case.number, case.case.number);
        shop.alert(ANN, first, 1, now);
        shop.alert(ANN, second, 1, now + 1);
        shop.alert(BEN, second, 1, now + 2);
        let alerts = AlertMail { mailer: Arc::clone(&shop.mailer), links: shop.links.clone() };

        let mails: Vec<_> = shop.mails(&alerts).into_iter().map(Option::unwrap).collect();

        let [(_, first, None), (_, second, None), (_, ben, None)] = &mails[..] else { panic!("{mails:?}") };
        assert!(!first.contains("said before") && first.contains("Nobody else was told."), "{first}");
        assert!(second.contains("What this customer said before") && second.contains("> Late\r\n"), "{second}");
        assert!(second.contains("Also told: ben") && ben.contains("Also told: ann"), "{second}");
        let link = |text: &str| {
            text.lines().find(|line| line.ends_with("?do=take")).map(str::to_owned).unwrap_or_else(|| panic!("{text}"))
        };
        assert!(link(second).starts_with("https://bell.example/case/"), "{second}");
        assert_ne!(link(second), link(ben), "each has links of their own");
    }
}

#[test]
fn what_happens_to_a_case_is_told_below_the_alert_with_what_was_written() {
    for mut shop in Shop::on_each_database() {
        let now = UnixMillis::now().0;
        let (response, _) = shop.unhappy("Late", now - MINUTE);
        let alert = shop.alert(ANN, response, 1, now - MINUTE);
        let ann = shop.person(ANN);
        let assign = Action::Assign { to: Assignee::Person(ann), reason: Some("You know the carrier".to_owned()) };
        shop.act(BEN, 1, assign, now);
        shop.act(ANN, 1, Action::TakeOver, now + 1);
        let mentions = vec![ann];
        shop.act(BEN, 1, Action::Note { text: "Call \u{201c}before\u{201d} noon".to_owned(), mentions }, now + 2);

        let case_mail = shop.case_mail();
        let mails: Vec<_> = shop.mails(&case_mail).into_iter().map(Option::unwrap).collect();

        let [(assigned, why, follows), (mentioned, note, _)] = &mails[..] else { panic!("{mails:?}") };
        assert_eq!(follows.as_deref(), Some(format!("{alert}@shop.example").as_str()));
        assert_eq!(assigned, "Case 1 is assigned to you [Shop]");
        for words in ["> You know the carrier", "> Late", "1 out of 5", "Done by: ben", "?do=open"] {
            assert!(why.contains(words), "no {words} in {why}");
        }
        assert_eq!(mentioned, "You are mentioned in case 1 [Shop]");
        assert!(note.contains("> Call \u{201c}before\u{201d} noon"), "{note}");
    }
}

#[test]
fn mails_to_somebody_who_got_no_alert_follow_the_first_about_the_case() {
    for mut shop in Shop::on_each_database() {
        let now = UnixMillis::now().0;
        let (response, _) = shop.unhappy("Late", now - MINUTE);
        shop.alert(ANN, response, 1, now - MINUTE);
        let mentions = vec![shop.person(BEN)];
        for minutes in 1..=3 {
            let note = Action::Note { text: format!("Note {minutes}"), mentions: mentions.clone() };
            shop.act(ANN, 1, note, now + minutes * MINUTE);
        }

        let ids: Vec<_> = shop.messages(CASE_MAIL).iter().map(|message| message.id().unwrap()).collect();
        let case_mail = shop.case_mail();
        let follows: Vec<_> = shop.mails(&case_mail).into_iter().map(|mail| mail.unwrap().2).collect();

        let first = Some(format!("{}@shop.example", ids[0]));
        assert_eq!(follows, [None, first.clone(), first]);
    }
}

#[test]
fn mail_knows_everything_that_a_case_tells() {
    let note_id = new_id(UnixMillis(0));
    for message in [
        Message::Assigned,
        Message::TakenOver,
        Message::GivenBack,
        Message::Escalated { since: 0 },
        Message::Mentioned { note_id },
        Message::Noted { note_id },
        Message::CustomerAnswered,
        Message::ResponseJoined { response_id: note_id },
        Message::CaseJoined { other: 2 },
        Message::Urgent,
        Message::Overdue,
        Message::Reminder,
        Message::Ended,
        Message::Reopened,
        Message::Merged,
    ] {
        let told = serde_json::from_value::<Happened>(json!(message.as_str()));
        assert!(told.is_ok(), "{}: {told:?}", message.as_str());
    }
}

#[test]
fn step_of_a_case_that_somebody_took_meanwhile_is_withdrawn() {
    for mut shop in Shop::on_each_database() {
        let now = UnixMillis::now().0;
        let (_, case) = shop.unhappy("Late", now - MINUTE);
        shop.step(&case, now);
        let case_mail = shop.case_mail();

        let (subject, text, _) = shop.mails(&case_mail).remove(0).expect("nobody has taken it");
        assert_eq!(subject, "Nobody has taken case 1 yet [Shop]");
        assert!(text.contains("?do=take") && text.contains("It has been waiting since"), "{text}");

        shop.act(BEN, 1, Action::Acknowledge, now);
        assert!(shop.mails(&case_mail)[0].is_none(), "withdrawn");
    }
}

#[test]
fn what_is_over_when_it_is_sent_is_withdrawn() {
    for mut shop in Shop::on_each_database() {
        let now = UnixMillis::now().0;
        let ann = shop.person(ANN);
        let case_mail = shop.case_mail();
        let assign = || Action::Assign { to: Assignee::Person(ann), reason: None };
        let subjects = |shop: &mut Shop| {
            let mails = shop.mails(&case_mail).into_iter();
            mails.map(|mail| mail.map_or("withdrawn".to_owned(), |(subject, ..)| subject)).collect::<Vec<_>>()
        };
        let (first, second) = (shop.another(now - MINUTE), shop.another(now - MINUTE));
        shop.act(BEN, first, assign(), now);
        shop.act(BEN, first, Action::TakeOver, now + 1);
        assert_eq!(subjects(&mut shop), ["withdrawn", "Somebody else has case 1 now [Shop]"]);

        shop.act(BEN, second, assign(), now + 2);
        shop.act(BEN, second, Action::Merge { into: first }, now + 3);
        assert_eq!(subjects(&mut shop)[2..], ["withdrawn", "Case 2 goes on in case 1 [Shop]"]);

        let third = shop.another(now - MINUTE);
        shop.act(ANN, third, Action::Merge { into: first }, now + 4);
        shop.act(BEN, first, assign(), now + 5);
        let told = subjects(&mut shop);
        assert_eq!(told[1], "withdrawn", "Ann has it again");
        assert_eq!(told[4..], ["withdrawn", "Case 1 is assigned to you [Shop]"]);
    }
}

#[test]
fn owner_reads_which_case_was_merged_into_theirs_and_by_whom() {
    for mut shop in Shop::on_each_database() {
        let now = UnixMillis::now().0;
        let (first, second) = (shop.another(now - MINUTE), shop.another(now - MINUTE));
        shop.act(BEN, first, Action::Acknowledge, now);
        shop.act(ANN, second, Action::Merge { into: first }, now + 1);

        let case_mail = shop.case_mail();
        let mails: Vec<_> = shop.mails(&case_mail).into_iter().map(Option::unwrap).collect();

        let [(subject, text, _)] = &mails[..] else { panic!("{mails:?}") };
        assert_eq!(subject, "Case 2 was merged into your case 1 [Shop]");
        assert!(text.contains("Done by: ann") && text.contains("Who has it: ben"), "{text}");
    }
}

#[test]
fn step_after_the_end_says_to_whom_the_case_was_given_and_no_old_cause() {
    for mut shop in Shop::on_each_database() {
        let now = UnixMillis::now().0;
        let number = shop.another(now - MINUTE);
        let resolve = Action::Resolve { root_cause: "delivery".to_owned(), action_taken: "Sent again".to_owned() };
        shop.act(BEN, number, resolve, now);
        shop.act(ANN, number, Action::Reopen, now + 1);
        let kept = Kept::find(&mut shop.conn, shop.site_id, number).unwrap().unwrap();
        shop.step(&kept, now + 2);

        let case_mail = shop.case_mail();
        let mails: Vec<_> = shop.mails(&case_mail).into_iter().map(Option::unwrap).collect();

        let [(reopened, to_ben, _), (escalated, to_ann, _)] = &mails[..] else { panic!("{mails:?}") };
        assert_eq!([reopened, escalated], ["Case 1 is open again [Shop]", "Nobody has taken case 1 yet [Shop]"]);
        for text in [to_ben, to_ann] {
            assert!(text.contains("Given to: ben") && !text.contains("Who has it"), "{text}");
            assert!(!text.contains("Cause") && !text.contains("Sent again"), "{text}");
        }
    }
}
