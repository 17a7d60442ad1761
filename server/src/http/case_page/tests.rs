//! Pages of real cases, as they are written.

use counterbell_shared::time::UnixMillis;

use super::door;
use super::facts::Facts;
use super::form::Form;
use super::page::{Why, case_page};
use super::posted::Posted;
use super::reader::Reader;
use super::reader::tests::{NOW, reader};
use super::timeline::timeline;
use crate::cases::test_shop::{ANN, BEN, a_shop, an_unhappy_response, triage};
use crate::cases::{
    Action, Actor, Asked, Assignee, By, DueTime, Entry, Event, Kept, Means, NothingToDo, Priority, act,
};
use crate::db::dialect::write_transaction;
use crate::db::journal;
use crate::db::responses::NewResponseRow;
use crate::db::test_database::TestDatabase;
use crate::db::{AnyConnection, migrations, staff};
use crate::ids::new_id;
use crate::language::Language;
use crate::links::{Claim, Links, Purpose};

/// A site with Ann and Ben, and the case of an unhappy customer.
struct Shop {
    conn: AnyConnection,
    links: Links,
    site_id: i64,
    ann: i64,
    ben: i64,
    number: i64,
    _database: TestDatabase,
}

impl Shop {
    fn on_each_database() -> impl Iterator<Item = Self> {
        TestDatabase::of_each_kind().into_iter().map(Self::new)
    }

    fn new(database: TestDatabase) -> Self {
        let mut conn = migrations::open_up_to_date(&database.url).unwrap();
        let site_id = a_shop(&mut conn, "Bramble & Oak", NOW);
        let [ann, ben] = [ANN, BEN].map(|email| staff::person_of(&mut conn, email).unwrap().unwrap());
        let links = Links::default();
        links.make_first_key(&mut conn, NOW).unwrap();
        let mut shop = Self { conn, links, site_id, ann, ben, number: 0, _database: database };
        shop.number = shop.unhappy(NOW).case.number;
        shop
    }

    fn unhappy(&mut self, now: i64) -> Kept {
        let row = NewResponseRow {
            comment: Some("<b>late</b>".to_owned()),
            order_ref: Some("A-1001".to_owned()),
            contact_email: Some("cleo@mail.example".to_owned()),
            page_url: Some("javascript:alert(1)".to_owned()),
            answers: Some(r#"{"reasons":{"choices":["late"]}}"#.to_owned()),
            ..an_unhappy_response(self.site_id, now)
        };
        triage(&mut self.conn, &row).1.kept().clone()
    }

    fn act(&mut self, by: i64, action: Action, now: i64) {
        let (site_id, number) = (self.site_id, self.number);
        let asked = Asked { by: By::person(by, Means::Link), seen: None, entry_id: None, now };
        write_transaction(&mut self.conn, |conn| {
            let mut site = journal::lock(conn, site_id)?;
            act(conn, &mut site, number, action, &asked)
        })
        .unwrap()
        .unwrap();
    }

    fn token(&mut self, person_id: i64) -> String {
        let kept = Kept::find(&mut self.conn, self.site_id, self.number).unwrap().unwrap();
        let claim = Claim {
            purpose: Purpose::Case,
            site_id: self.site_id,
            subject_id: kept.id,
            person_id,
            expires_at: NOW + 1_000_000,
            person_generation: 0,
            subject_generation: kept.case.link_generation,
        };
        claim.sign(&self.links.ring(&mut self.conn, NOW).unwrap(), NOW).unwrap()
    }

    fn facts(&mut self, person_id: i64) -> (Facts, Reader) {
        let token = self.token(person_id);
        let visit = door::open(&mut self.conn, &self.links, &token, NOW).unwrap().ok().unwrap();
        let reader = Reader::new(&visit.member, &visit.site.zone, None, NOW);
        (Facts::load(&mut self.conn, &self.links, visit, &reader).unwrap(), reader)
    }

    fn page(&mut self, person_id: i64, preselect: &str) -> String {
        let (facts, reader) = self.facts(person_id);
        case_page(&facts, &reader, "Bramble & Oak", &Why::Asked { preselect, done: "" }).unwrap()
    }
}

fn tells(page: &str, words: &[&str]) {
    words.iter().for_each(|words| assert!(page.contains(words), "{words:?} is not in {page}"));
}

#[test]
fn page_tells_what_the_customer_said_and_leaves_words_words() {
    for mut shop in Shop::on_each_database() {
        let (ann, ben) = (shop.ann, shop.ben);
        let page = shop.page(ann, "");
        tells(
            &page,
            &[
                "Case 1: open",
                "Nobody has this yet.",
                "1 out of 5",
                "&#60;b&#62;late&#60;/b&#62;",
                "A-1001 (not proven to be theirs)",
                "mailto:cleo@mail.example",
                "What went wrong?",
                "Times are of Europe/Berlin.",
                "The case was opened.",
            ],
        );
        assert!(!page.contains("<b>late") && !page.contains("href=\"javascript") && !page.contains("<script"));
        assert!(!page.contains("What this customer said before"), "{page}");

        let note = |text: &str| Action::Note { text: text.to_owned(), mentions: vec![ben] };
        shop.act(ann, Action::Acknowledge, NOW);
        shop.act(ann, note("Called twice"), NOW);
        shop.unhappy(NOW);
        let page = shop.page(ben, "");
        tells(
            &page,
            &[
                "Case 1: in progress",
                "ann@shop.example has had this since 10:31.",
                "ann@shop.example said “I have this”.",
                "10:31 \u{b7} by the link of ann@shop.example",
                "Called twice",
                "The customer sent another response.",
            ],
        );
        assert_eq!(page.matches("1 out of 5").count(), 2, "{page}");

        let nothing = Action::NothingToDo { reason: NothingToDo::Duplicate, mark_spam: false };
        shop.act(ann, nothing, NOW);
        shop.number = shop.unhappy(NOW).case.number;
        tells(&shop.page(ben, ""), &["What this customer said before", "The same customer has had case 1 before."]);
    }
}

#[test]
fn buttons_of_mails_preselect_the_form_that_can_be_sent() {
    for mut shop in Shop::on_each_database() {
        let (ann, ben) = (shop.ann, shop.ben);
        let first = |page: &str| {
            let (_, card) = page.split_once("class=\"card\"")?;
            let (_, form) = card.split_once("name=\"action\" value=\"")?;
            form.split('"').next().map(str::to_owned)
        };
        for (preselect, form) in [
            ("take", Some("acknowledge")),
            ("not_for_me", Some("not_for_me")),
            ("remind", Some("remind")),
            ("open", None),
            ("<script>", None),
        ] {
            assert_eq!(first(&shop.page(ann, preselect)).as_deref(), form, "{preselect}");
        }
        shop.act(ann, Action::Acknowledge, NOW);
        assert_eq!(first(&shop.page(ben, "take")).as_deref(), Some("take_over"));
        assert_eq!(first(&shop.page(ben, "not_for_me")), None, "it is somebody else's");
        assert_eq!(first(&shop.page(ann, "take")), None, "it is hers");
    }
}

/// Whatever is offered is taken, in every state, by whoever it is offered to.
#[test]
fn every_form_that_is_offered_can_be_sent() {
    let bodies = [
        (Form::Assign, "to=team/alerts&reason=ill"),
        (Form::Note, "text=hello"),
        (Form::Resolve, "root_cause=other&action_taken=called"),
        (Form::NothingToDo, "reason=test"),
        (Form::Remind, "when=date&date=2026-12-24"),
    ];
    for mut shop in Shop::on_each_database() {
        let (ann, ben) = (shop.ann, shop.ben);
        let resolve = Action::Resolve { root_cause: "other".to_owned(), action_taken: "called".to_owned() };
        let ways: [&[Action]; 6] = [
            &[],
            &[Action::Assign { to: Assignee::Person(ben), reason: None }],
            &[Action::Acknowledge],
            &[Action::Wait],
            &[resolve.clone(), Action::CustomerAnswered { text: None }],
            &[resolve, Action::Close, Action::CustomerAnswered { text: None }],
        ];
        for way in ways {
            for me in [ann, ben] {
                let fresh = |shop: &mut Shop| {
                    let nothing = Action::NothingToDo { reason: NothingToDo::Test, mark_spam: false };
                    let kept = Kept::find(&mut shop.conn, shop.site_id, shop.number).unwrap().unwrap();
                    if !kept.case.state.is_ended() {
                        shop.act(ann, nothing, NOW);
                    }
                    shop.number = shop.unhappy(NOW).case.number;
                    way.iter().for_each(|action| shop.act(ann, action.clone(), NOW));
                };
                fresh(&mut shop);
                let (facts, reader) = shop.facts(me);
                let offered = Form::offered(&facts.kept.case, me);
                for form in offered {
                    fresh(&mut shop);
                    let more = bodies.iter().find(|(named, _)| *named == form).map_or("", |(_, body)| body);
                    let body = format!("action={}&entry_id={}&{more}", form.as_str(), new_id(UnixMillis(NOW)));
                    let posted = Posted::read(body.as_bytes());
                    let action = posted.action(&reader, &facts.hours).unwrap();
                    shop.act(me, action, NOW);
                }
            }
        }
    }
}

/// An entry of every kind there is: `Event` without a sentence does not pass.
#[test]
fn every_event_has_a_sentence_in_each_language() {
    let id = new_id(UnixMillis(NOW));
    let (reason, note_id, message_id, response_id, late_ms) = (Some(id), id, id, id, Some(120_000));
    let mut events = vec![
        Event::Opened { response_id, follows: Some(3) },
        Event::Acknowledged { late_ms },
        Event::TakenOver { from: Some(2) },
        Event::Assigned { reason },
        Event::NotForMe { reason },
        Event::Unacknowledged,
        Event::OwnerLeft { person: 1 },
        Event::Noted { note_id },
        Event::Spoken { note_id, late_ms },
        Event::Replied { message_id, late_ms },
        Event::ReceiptSent { message_id },
        Event::Waiting,
        Event::CustomerAnswered { message_id },
        Event::AnswerDismissed,
        Event::ResponseJoined { response_id },
        Event::ResponseChanged { response_id },
        Event::ResponseSplit { response_id, into: 4 },
        Event::PriorityChanged { priority: Priority::High },
        Event::ReminderSet { at: NOW },
        Event::Reminded,
        Event::Resolved { late_ms },
        Event::ResolutionChanged,
        Event::NothingToDo { reason: NothingToDo::Spam, mark_spam: true },
        Event::Closed,
        Event::Reopened,
        Event::Merged { into: 4 },
        Event::Linked { other: 4 },
        Event::Escalated { step: 1 },
        Event::LinksRevoked { generation: 1 },
        Event::ServiceLevelChanged,
        Event::Overdue { due: DueTime::Acknowledge },
        Event::Overdue { due: DueTime::Answer },
    ];
    let mut shop = Shop::new(TestDatabase::sqlite());
    let (mut facts, _) = shop.facts(shop.ann);
    let actors = [Actor::Person(shop.ann), Actor::Customer, Actor::Server, Actor::Other("operator".to_owned())];
    for language in Language::ALL {
        for actor in &actors {
            for event in &mut events {
                let (kind, data) = (event.kind().to_owned(), event.data(&facts.kept.case));
                let (actor, means) = (actor.clone(), "link".to_owned());
                facts.entries = vec![Entry { seq: 1, at: NOW, actor, means, kind: kind.clone(), data, text: None }];
                let line = timeline(&facts, &reader(language)).remove(0);
                let sentence = line.sentences.join(" ");
                assert!(reader(language).texts.events.named(&kind["case.".len()..]).is_some(), "{kind} has no text");
                assert!(!sentence.contains(['{', '}']) && sentence.len() > 5, "{language:?} {kind}: {sentence}");
                assert!(!sentence.starts_with("case.") && !line.head.contains('{'), "{kind}: {}", line.head);
            }
        }
    }
}

#[test]
fn each_language_has_a_page_in_its_direction() {
    let mut shop = Shop::new(TestDatabase::sqlite());
    let (facts, _) = shop.facts(shop.ann);
    for language in Language::ALL {
        let page = case_page(&facts, &reader(language), "Shop", &Why::Asked { preselect: "take", done: "note" });
        let page = page.unwrap();
        let html = format!("<html lang=\"{}\" dir=\"{}\">", language.tag(), language.dir());
        tells(&page, &[&html, "role=\"status\""]);
        assert!(!page.contains('{'), "{language:?}: a value is missing: {page}");
    }
}

/// The address behind what a link says.
fn href(page: &str, label: &str) -> String {
    let before = page.split(&format!("\">{label}</a>")).next().unwrap();
    before.rsplit("href=\"").next().unwrap().to_owned()
}

#[test]
fn merged_case_leads_to_the_one_that_goes_on_and_linked_ones_to_each_other() {
    for mut shop in Shop::on_each_database() {
        let (ann, first) = (shop.ann, shop.number);
        let others = [1, 2, 3].map(|minute| {
            shop.act(ann, Action::NothingToDo { reason: NothingToDo::Test, mark_spam: false }, NOW);
            shop.number = shop.unhappy(NOW + minute * 60_000).case.number;
            shop.number
        });
        shop.act(ann, Action::Link { other: first }, NOW);
        let page = shop.page(ann, "");
        let link = href(&page, "#1");
        let token = link.strip_prefix("../case/").unwrap();
        let visit = door::open(&mut shop.conn, &shop.links, token, NOW).unwrap().ok().unwrap();
        assert_eq!((visit.kept.case.number, visit.member.person_id), (first, ann));
        for (number, into) in [(first, others[1]), (others[1], others[2])] {
            for closed in [into, number] {
                shop.number = closed;
                let kept = Kept::find(&mut shop.conn, shop.site_id, closed).unwrap().unwrap();
                if kept.case.state.is_ended() {
                    shop.act(ann, Action::Reopen, NOW);
                }
            }
            shop.act(ann, Action::Merge { into }, NOW);
        }
        shop.number = first;
        let page = shop.page(ann, "");
        assert!(!page.contains("no longer stored") && !page.contains("Nobody has this"), "{page}");
        let link = href(&page, "It was merged into case 4, which goes on in its place.");
        let token = link.strip_prefix("../case/").unwrap();
        let visit = door::open(&mut shop.conn, &shop.links, token, NOW).unwrap().ok().unwrap();
        assert_eq!(visit.kept.case.number, others[2]);
    }
}
