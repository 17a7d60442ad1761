//! Cases on real databases.

use counterbell_shared::ResponseId;
use counterbell_shared::time::{DAY_MS, UnixMillis};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::test_shop::{ANN, BEN, a_shop, an_unhappy_response, triage, unhappy};
use super::*;
use crate::db::cases as stored;
use crate::db::dialect::write_transaction;
use crate::db::journal::{self, By as Operator};
use crate::db::responses::{HELD_BY_STAFF, NewResponseRow, ResponseRow};
use crate::db::test_database::TestDatabase;
use crate::db::{AnyConnection, erase, migrations, staff};
use crate::ids::new_id;
use crate::timers::Handler as _;

const NOW: i64 = 1_800_000_000_000;
const MINUTE: i64 = 60_000;

struct Shop {
    conn: AnyConnection,
    site_id: i64,
    ann: i64,
    ben: i64,
    _database: TestDatabase,
}

impl Shop {
    fn on_each_database() -> impl Iterator<Item = Self> {
        TestDatabase::of_each_kind().into_iter().map(|database| {
            let mut conn = migrations::open_up_to_date(&database.url).unwrap();
            let site_id = a_shop(&mut conn, "Shop", NOW);
            let [ann, ben] = [ANN, BEN].map(|email| staff::person_of(&mut conn, email).unwrap().unwrap());
            Self { conn, site_id, ann, ben, _database: database }
        })
    }

    /// An unhappy response that triage decides about at `now`.
    fn unhappy(&mut self, order: Option<&str>, now: i64) -> (ResponseRow, CaseOfResponse) {
        let (comment, order_ref) = (Some("late".to_owned()), order.map(str::to_owned));
        let row = NewResponseRow { comment, order_ref, ..an_unhappy_response(self.site_id, now) };
        triage(&mut self.conn, &row)
    }

    fn act(&mut self, number: i64, by: i64, action: Action, now: i64) -> Result<Acted, Denied> {
        let site_id = self.site_id;
        let asked = Asked { by: By::person(by, Means::Link), seen: None, entry_id: None, now };
        write_transaction(&mut self.conn, |conn| {
            let mut site = journal::lock(conn, site_id)?;
            act(conn, &mut site, number, action, &asked)
        })
        .unwrap()
    }

    /// Fires what is due at `now`, as the task does.
    fn fire(&mut self, now: i64) {
        let site_id = self.site_id;
        write_transaction(&mut self.conn, |conn| {
            let mut site = journal::lock(conn, site_id)?;
            for timer in Timer::ALL {
                for due in crate::db::timers::due(conn, site_id, &[timer.as_str()], now, 10)? {
                    match CaseTimer(timer).fire(conn, &mut site, &due, now)? {
                        crate::timers::Next::Done => due.clear(conn)?,
                        crate::timers::Next::At(at) => due.set_to(conn, at)?,
                    };
                }
            }
            Ok(())
        })
        .unwrap();
    }

    fn kept(&mut self, number: i64) -> Kept {
        Kept::find(&mut self.conn, self.site_id, number).unwrap().unwrap()
    }

    /// Who was told what about cases, in the order of the messages.
    fn told(&mut self) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Told {
            #[diesel(sql_type = Text)]
            destination: String,
            #[diesel(sql_type = Text)]
            payload: String,
        }
        let query =
            "SELECT destination, payload FROM outbox WHERE subject_kind = 'case' ORDER BY created_at, destination";
        let rows: Vec<Told> = diesel::sql_query(query).load(&mut self.conn).unwrap();
        let line = |row: Told| {
            let payload: serde_json::Value = serde_json::from_str(&row.payload).unwrap();
            format!("{} {}", row.destination.split('@').next().unwrap(), payload["message"].as_str().unwrap())
        };
        rows.into_iter().map(line).collect()
    }

    fn happened(&mut self, number: i64) -> Vec<String> {
        let kept = self.kept(number);
        let entries = history(&mut self.conn, &kept).unwrap();
        entries.into_iter().map(|entry| entry.kind.trim_start_matches("case.").to_owned()).collect()
    }

    fn timers(&mut self) -> Vec<(String, i64)> {
        #[derive(QueryableByName)]
        struct Set {
            #[diesel(sql_type = Text)]
            kind: String,
            #[diesel(sql_type = BigInt)]
            due_at: i64,
        }
        let query = "SELECT kind, due_at FROM timers WHERE kind LIKE 'case%' ORDER BY kind";
        let rows: Vec<Set> = diesel::sql_query(query).load(&mut self.conn).unwrap();
        rows.into_iter().map(|row| (row.kind, row.due_at - NOW)).collect()
    }
}

fn number(case: &CaseOfResponse) -> i64 {
    case.kept().case.number
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[test]
fn unhappy_response_opens_a_case_that_reads_back_as_it_was_written() {
    for mut shop in Shop::on_each_database() {
        let (_, first) = shop.unhappy(None, NOW);
        let (_, second) = shop.unhappy(None, NOW + 1);
        assert!(matches!(first, CaseOfResponse::Opened(_)) && matches!(second, CaseOfResponse::Opened(_)));
        assert_eq!((number(&first), number(&second)), (1, 2), "nobody knows that it is the same customer");
        assert_eq!(shop.kept(1).case, first.kept().case);
        assert_eq!(shop.happened(1), ["opened"]);
        let due = [("case_acknowledge_by", 30 * MINUTE + 1), ("case_step", 30 * MINUTE)];
        assert_eq!(&shop.timers()[..1], &[(due[0].0.to_owned(), due[0].1)]);
        assert!(shop.timers().contains(&(due[1].0.to_owned(), due[1].1)));
    }
}

#[test]
fn whoever_says_so_first_has_it_and_hears_once() {
    for mut shop in Shop::on_each_database() {
        let (ann, ben) = (shop.ann, shop.ben);
        shop.unhappy(None, NOW);
        assert!(shop.act(1, ann, Action::Acknowledge, NOW + 1).unwrap().changed);
        assert!(!shop.act(1, ann, Action::Acknowledge, NOW + 2).unwrap().changed);
        let taken = Denied::Refused(Refused::TakenBy { owner: ann, since: NOW + 1 });
        assert_eq!(shop.act(1, ben, Action::Acknowledge, NOW + 3).unwrap_err(), taken);
        assert_eq!(shop.happened(1), ["opened", "acknowledged"]);
        assert_eq!(shop.timers(), [], "escalation stops");

        shop.act(1, ben, Action::TakeOver, NOW + 4).unwrap();
        assert_eq!(shop.told(), ["ann taken_over"]);
        let asked = Asked { by: By::person(ann, Means::Api), seen: Some(1), entry_id: None, now: NOW + 5 };
        let site_id = shop.site_id;
        let denied = write_transaction(&mut shop.conn, |conn| {
            let mut site = journal::lock(conn, site_id)?;
            act(conn, &mut site, 1, Action::Close, &asked)
        });
        assert_eq!(denied.unwrap().unwrap_err(), Denied::Refused(Refused::VersionMismatch { version: 3 }));
        assert_eq!(shop.kept(1).first_acknowledged_at, Some(NOW + 1));
    }
}

#[test]
fn steps_are_told_once_and_no_more_when_somebody_has_it() {
    for mut shop in Shop::on_each_database() {
        let ann = shop.ann;
        shop.unhappy(None, NOW);
        for now in [NOW + 29 * MINUTE, NOW + 30 * MINUTE, NOW + 30 * MINUTE, NOW + 31 * MINUTE] {
            shop.fire(now);
        }
        assert_eq!(shop.told(), ["ann escalated", "ben escalated"]);
        assert_eq!(shop.happened(1), ["opened", "escalated", "overdue"]);

        // What was queued, and nobody has sent, is taken back.
        shop.act(1, ann, Action::Acknowledge, NOW + 32 * MINUTE).unwrap();
        assert_eq!(shop.told(), [""; 0]);
        shop.fire(NOW + DAY_MS);
        assert_eq!(shop.told(), [""; 0]);

        shop.act(1, ann, Action::Unacknowledge, NOW + DAY_MS).unwrap();
        shop.fire(NOW + DAY_MS + 30 * MINUTE);
        assert_eq!(shop.told(), ["ann escalated", "ben escalated"]);
    }
}

#[test]
fn same_customer_joins_the_open_case_and_follows_an_ended_one() {
    for mut shop in Shop::on_each_database() {
        let ann = shop.ann;
        shop.unhappy(Some("A-1"), NOW);
        shop.act(1, ann, Action::Acknowledge, NOW + 1).unwrap();
        let (second, joined) = shop.unhappy(Some("A-1"), NOW + 2);
        assert!(matches!(joined, CaseOfResponse::Joined(_)));
        assert_eq!((number(&joined), shop.kept(1).case.response_count), (1, 2));
        assert_eq!(shop.told(), ["ann response_joined"], "the owner hears once, and nobody else");
        let site_id = shop.site_id;
        let again = write_transaction(&mut shop.conn, |conn| {
            let mut site = journal::lock(conn, site_id)?;
            let known = Kept::of_response(conn, site_id, &second.response_id)?;
            open_or_join(conn, &mut site, (&second, known), &[&unhappy()], NOW + 3)
        });
        assert!(matches!(again.unwrap(), Some(CaseOfResponse::Known(_))));

        let (root_cause, action_taken) = ("delivery".to_owned(), "Sent again".to_owned());
        let resolve = Action::Resolve { root_cause, action_taken };
        shop.act(1, ann, resolve, NOW + 4).unwrap();
        let (_, third) = shop.unhappy(Some("A-1"), NOW + 5);
        assert!(matches!(third, CaseOfResponse::Opened(_)));
        assert_eq!((number(&third), third.kept().case.linked.clone()), (2, vec![1]));
        let (_, other) = shop.unhappy(Some("A-2"), NOW + 6);
        assert_eq!(number(&other), 3);
    }
}

#[test]
fn words_are_kept_once_and_shown_on_the_timeline() {
    for mut shop in Shop::on_each_database() {
        let (ann, ben, site_id) = (shop.ann, shop.ben, shop.site_id);
        shop.unhappy(None, NOW);
        let note = || Action::Note { text: " Rang twice ".to_owned(), mentions: vec![ben] };
        let entry_id = Some(new_id(UnixMillis(NOW)));
        let asked = Asked { by: By::person(ann, Means::Link), seen: None, entry_id, now: NOW + 1 };
        for changed in [true, false] {
            let acted = write_transaction(&mut shop.conn, |conn| {
                let mut site = journal::lock(conn, site_id)?;
                act(conn, &mut site, 1, note(), &asked)
            });
            assert_eq!(acted.unwrap().unwrap().changed, changed);
        }
        let kept = shop.kept(1);
        let entries = history(&mut shop.conn, &kept).unwrap();
        let noted: Vec<_> = entries.iter().filter(|entry| entry.kind == "case.noted").collect();
        assert_eq!(
            (noted.len(), noted[0].text.as_deref(), &noted[0].actor),
            (1, Some("Rang twice"), &Actor::Person(ann))
        );
        assert_eq!(shop.told(), ["ben mentioned"]);
        assert!(!noted[0].data.to_string().contains("Rang"), "the journal holds nobody's words");

        for (action, denied) in [
            (Action::Note { text: "  ".to_owned(), mentions: vec![] }, Denied::NoWords),
            (Action::Note { text: "x".repeat(4_001), mentions: vec![] }, Denied::TooLong),
            (Action::Assign { to: Assignee::Person(99), reason: None }, Denied::NoPerson { person_id: 99 }),
            (
                Action::Assign { to: Assignee::Team("x".to_owned()), reason: None },
                Denied::NoTeam { team: "x".to_owned() },
            ),
            (
                Action::Resolve { root_cause: "moon".to_owned(), action_taken: "x".to_owned() },
                Denied::NoRootCause { root_cause: "moon".to_owned() },
            ),
            (Action::Link { other: 7 }, Denied::NoCase { number: 7 }),
        ] {
            assert_eq!(shop.act(1, ann, action, NOW + 2).unwrap_err(), denied);
        }
        assert_eq!(shop.act(8, ann, Action::Close, NOW + 2).unwrap_err(), Denied::NoCase { number: 8 });
    }
}

#[test]
fn merged_and_split_cases_keep_their_responses() {
    for mut shop in Shop::on_each_database() {
        let (ann, site_id) = (shop.ann, shop.site_id);
        let (first, _) = shop.unhappy(None, NOW);
        shop.unhappy(None, NOW);
        let count = |shop: &mut Shop, number: i64| {
            let kept = shop.kept(number);
            (kept.case.response_count, stored::responses(&mut shop.conn, site_id, &kept.id).unwrap().len())
        };
        shop.act(1, ann, Action::Merge { into: 2 }, NOW + 1).unwrap();
        assert_eq!((count(&mut shop, 1).1, count(&mut shop, 2)), (0, (2, 2)));
        assert_eq!(shop.kept(1).case.state, State::Closed);
        assert_eq!(
            (shop.happened(1), shop.happened(2)),
            (owned(&["opened", "merged"]), owned(&["opened", "case_joined"]))
        );
        let merged = Denied::Refused(Refused::Merged { into: 2 });
        assert_eq!(shop.act(1, ann, Action::Acknowledge, NOW + 2).unwrap_err(), merged);

        let response_id = first.id().unwrap();
        let acted = shop.act(2, ann, Action::Split { response_id }, NOW + 3).unwrap();
        assert_eq!(acted.split_off, Some(3));
        assert_eq!((count(&mut shop, 2), count(&mut shop, 3)), ((1, 1), (1, 1)));
        assert_eq!((shop.kept(2).case.linked, shop.kept(3).case.linked), (vec![1, 3], vec![2]));
        let last = shop.act(3, ann, Action::Split { response_id }, NOW + 4).unwrap_err();
        assert_eq!(last, Denied::LastResponse);
    }
}

#[test]
fn spam_counts_nowhere_and_a_deleted_response_takes_the_words_along() {
    for mut shop in Shop::on_each_database() {
        let (ann, site_id) = (shop.ann, shop.site_id);
        let (spam, _) = shop.unhappy(None, NOW);
        let nothing = Action::NothingToDo { reason: NothingToDo::Spam, mark_spam: true };
        shop.act(1, ann, nothing, NOW + 1).unwrap();
        let held = ResponseRow::find(&mut shop.conn, &[site_id], spam.id().unwrap()).unwrap().unwrap().held;
        assert_eq!(held.as_deref(), Some(HELD_BY_STAFF));

        let (response, _) = shop.unhappy(None, NOW);
        shop.act(2, ann, Action::Note { text: "Mrs Miller".to_owned(), mentions: vec![] }, NOW + 2).unwrap();
        let (root_cause, action_taken) = ("other".to_owned(), "Rang Mrs Miller".to_owned());
        shop.act(2, ann, Action::Resolve { root_cause, action_taken }, NOW + 3).unwrap();
        let id: ResponseId = response.id().unwrap();
        write_transaction(&mut shop.conn, |conn| {
            erase::erase_response(conn, site_id, id, &Operator::operator(), NOW + 4)
        })
        .unwrap();
        let kept = shop.kept(2);
        assert_eq!((kept.case.action_taken.clone(), kept.about.score, kept.case.resolved_at), (None, 1, Some(NOW + 3)));
        assert!(stored::NoteRow::of_case(&mut shop.conn, site_id, &kept.id).unwrap().is_empty());
        assert_eq!(shop.told(), [""; 0]);
    }
}

#[test]
fn what_fires_no_more_has_nothing_to_do() {
    for mut shop in Shop::on_each_database() {
        let site_id = shop.site_id;
        let (response, _) = shop.unhappy(None, NOW);
        write_transaction(&mut shop.conn, |conn| {
            let mut site = journal::lock(conn, site_id)?;
            let kept = Kept::of_response(conn, site_id, &response.response_id)?.unwrap();
            withdraw(conn, &mut site, kept, &response, NOW + 1)
        })
        .unwrap();
        let case = shop.kept(1).case;
        assert_eq!((case.state, case.nothing_to_do), (State::Closed, Some(NothingToDo::NoComplaint)));
        assert_eq!(shop.timers(), []);
    }
}
