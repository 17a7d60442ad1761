//! Turns of the timer, on real databases.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::*;
use crate::cases::test_shop::{ANN, BEN, a_shop, an_unhappy_response, triage};
use crate::cases::{Action, Asked, By, Kept, Means, act};
use crate::db::dialect::write_transaction;
use crate::db::journal::{self, By as Operator};
use crate::db::left_behind::count_open_cases;
use crate::db::staff::{self, Change, NewMember};
use crate::db::test_database::TestDatabase;
use crate::db::{alert_groups::AlertGroup, migrations, timers};

const NOW: i64 = 1_800_000_000_000;
const CASES: i64 = 40;

#[derive(QueryableByName)]
struct Sent {
    #[diesel(sql_type = Text)]
    destination: String,
    #[diesel(sql_type = diesel::sql_types::Binary)]
    subject_id: Vec<u8>,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

struct Shop {
    conn: AnyConnection,
    site_id: i64,
    _database: TestDatabase,
}

impl Shop {
    fn person(&mut self, email: &str) -> i64 {
        staff::person_of(&mut self.conn, email).unwrap().unwrap()
    }

    /// A turn of the timer of somebody who left; whether there is one still.
    fn turn(&mut self, person_id: i64) -> bool {
        let site_id = self.site_id;
        write_transaction(&mut self.conn, |conn| {
            let mut site = journal::lock(conn, site_id)?;
            let due = timers::due(conn, site_id, &[STAFF_LEFT], NOW, 10)?;
            let Some(timer) = due.into_iter().find(|timer| who_left(&timer.subject) == Some(person_id)) else {
                return Ok(false);
            };
            match StaffLeft.fire(conn, &mut site, &timer, NOW)? {
                Next::Done => timer.clear(conn)?,
                Next::At(at) => timer.set_to(conn, at)?,
            };
            Ok(true)
        })
        .unwrap()
    }

    fn leave(&mut self, person_id: i64) {
        let site_id = self.site_id;
        write_transaction(&mut self.conn, |conn| {
            let mut site = journal::lock(conn, site_id)?;
            staff::leave(conn, &mut site, person_id, &Operator::operator(), NOW)
        })
        .unwrap();
    }
}

/// Cases that Cleo has, of Ann and Ben who are told of unhappy customers.
fn shop_of(database: TestDatabase) -> Shop {
    let mut conn = migrations::open_up_to_date(&database.url).unwrap();
    let site_id = a_shop(&mut conn, "Shop", NOW);
    let new = NewMember { email: "cleo@shop.example".parse().unwrap(), change: Change::default() };
    let cleo = write_transaction(&mut conn, |conn| {
        let mut site = journal::lock(conn, site_id)?;
        staff::add(conn, &mut site, &new, &Operator::operator(), NOW)
    });
    let cleo = cleo.unwrap().unwrap().person_id;
    for _ in 0..CASES {
        let (_, case) = triage(&mut conn, &an_unhappy_response(site_id, NOW));
        let asked = Asked { by: By::person(cleo, Means::Link), seen: None, entry_id: None, now: NOW };
        let taken = write_transaction(&mut conn, |conn| {
            let mut site = journal::lock(conn, site_id)?;
            act(conn, &mut site, case.kept().case.number, Action::Acknowledge, &asked)
        });
        assert!(taken.unwrap().unwrap().changed);
    }
    Shop { conn, site_id, _database: database }
}

#[test]
fn turns_are_bounded_and_who_leaves_before_they_are_told_hands_that_on() {
    for database in TestDatabase::of_each_kind() {
        let mut shop = shop_of(database);
        let [ann, ben, cleo] = [ANN, BEN, "cleo@shop.example"].map(|email| shop.person(email));
        shop.leave(cleo);

        assert!(shop.turn(cleo));
        let (site_id, conn) = (shop.site_id, &mut shop.conn);
        assert_eq!(count_open_cases(conn, site_id, cleo).unwrap(), CASES - CHUNK as i64);
        assert_eq!(AlertGroup::gathered(conn, site_id, 10).unwrap().len(), 2, "Ann and Ben are not told yet");
        shop.leave(ben);
        while shop.turn(ben) {}
        let mut turns = 1;
        while shop.turn(cleo) {
            turns += 1;
        }
        assert_eq!(turns, 3, "two more, of which the last tells");

        let conn = &mut shop.conn;
        assert_eq!(count_open_cases(conn, site_id, cleo).unwrap(), 0);
        assert!(AlertGroup::gathered(conn, site_id, 10).unwrap().is_empty());
        let sent = "SELECT destination, subject_id FROM outbox WHERE kind = 'group_mail'";
        let sent: Vec<Sent> = diesel::sql_query(sent).load(conn).unwrap();
        let mut told = BTreeSet::new();
        for Sent { destination, subject_id } in sent {
            assert_eq!(destination, ANN);
            let group = AlertGroup::find(conn, site_id, &subject_id).unwrap().unwrap();
            assert_eq!(group.person_id, ann);
            for response_id in group.response_ids(conn).unwrap() {
                let kept = Kept::of_response(conn, site_id, &response_id).unwrap().unwrap();
                assert!(told.insert(kept.case.number), "told twice of {}", kept.case.number);
            }
        }
        assert_eq!(told.len() as i64, CASES);
        let left = "SELECT count(*) AS n FROM journal WHERE kind = 'case.owner_left'";
        assert_eq!(diesel::sql_query(left).get_result::<Count>(conn).unwrap().n, CASES);
    }
}
