//! Touchpoints that nothing comes from, and whose scores fall, on real databases.

use counterbell_shared::SiteKey;
use counterbell_shared::time::UnixMillis;
use diesel::prelude::*;
use serde_json::{Value, json};

use super::look::next_morning;
use super::*;
use crate::db::dialect::write_transaction;
use crate::db::journal;
use crate::db::rules::{retire, store};
use crate::db::schema::{outbox as messages, timers};
use crate::db::score_days::ScoreDays;
use crate::db::sites::{Limits, NewSite};
use crate::db::test_database::TestDatabase;
use crate::db::timers::due;
use crate::db::touchpoints::Touchpoint;
use crate::db::{calendars, migrations, touchpoints};
use crate::mail::TouchpointPayload;
use crate::rules::Rule;
use crate::touchpoints::Hours;

const ANN: &str = "ann@shop.example";
const BEN: &str = "ben@shop.example";
/// Monday 2026-11-16, 00:00 UTC.
const DAY: i32 = 20_773;

/// Noon of a day.
fn noon(day: i32) -> i64 {
    i64::from(day) * DAY_MS + DAY_MS / 2
}

/// A shop in UTC that is told of silence by the rule that it begins with.
struct Shop {
    conn: AnyConnection,
    site_id: i64,
}

impl Shop {
    fn new(database: &TestDatabase) -> Self {
        let mut conn = migrations::open_up_to_date(&database.url).unwrap();
        let new = NewSite {
            name: "Shop".to_owned(),
            zone: "UTC".to_owned(),
            origins: Vec::new(),
            recipients: [ANN, BEN].map(|email| email.parse().unwrap()).to_vec(),
            limits: Limits::default(),
        };
        let key: SiteKey = "site_0000000000000000".parse().unwrap();
        let create = |conn: &mut AnyConnection| crate::sites::create(conn, &key, &new, &By::operator(), noon(DAY - 99));
        let site_id = write_transaction(&mut conn, create).unwrap().id;
        // By the clock of the machine it was set for now.
        diesel::update(timers::table).set(timers::due_at.eq(0)).execute(&mut conn).unwrap();
        Self { conn, site_id }
    }

    fn locked<T>(&mut self, work: impl FnOnce(&mut AnyConnection, &mut SiteLock) -> QueryResult<T>) -> T {
        let site_id = self.site_id;
        write_transaction(&mut self.conn, |conn| {
            let mut site = journal::lock(conn, site_id)?;
            work(conn, &mut site)
        })
        .unwrap()
    }

    fn store(&mut self, name: &str, when: Value, who: Value, now: i64) {
        let document = json!({ "name": name, "when": when, "who": [who] }).to_string();
        let rule = Rule::parse(document.as_bytes()).unwrap();
        self.locked(|conn, site| store(conn, site, (name, &rule.to_string()), &By::operator(), now).map(|_| ()));
    }

    fn retire(&mut self, name: &str) {
        self.locked(|conn, site| retire(conn, site, name, &By::operator(), 0).map(|_| ()));
    }

    /// A response of this score a day.
    fn responses(&mut self, touchpoints: &[&str], days: impl IntoIterator<Item = i32>, score: i32) {
        let mut counts = ScoreDays::default();
        for day in days {
            for touchpoint in touchpoints {
                counts.add((self.site_id, "csat", day, touchpoint), score);
            }
        }
        counts.store(&mut self.conn).unwrap();
    }

    fn timer(&mut self) -> Timer {
        due(&mut self.conn, self.site_id, &[WATCH_TOUCHPOINTS], i64::MAX, 2).unwrap().pop().unwrap()
    }

    fn read(&mut self, timer: &Timer, now: i64) -> Arc<dyn Handler> {
        WatchTouchpoints.read(&mut self.conn, timer, now).unwrap()
    }

    /// As the task does it: whether the timer was still as it was read.
    fn fire(&mut self, handler: &dyn Handler, timer: &Timer, now: i64) -> bool {
        self.locked(|conn, site| {
            let is_set = timer.is_set(conn)?;
            if is_set {
                let Next::At(at) = handler.fire(conn, site, timer, now)? else { panic!("it is done with") };
                assert!(at > timer.due_at || timer.due_at > now);
                timer.set_to(conn, at)?;
            }
            Ok(is_set)
        })
    }

    /// Looks at a moment, until there is nothing more to do; how often it took.
    fn look(&mut self, now: i64) -> usize {
        for turn in 1.. {
            let timer = self.timer();
            let handler = self.read(&timer, now);
            self.fire(&*handler, &timer, now);
            if self.timer().due_at > now + 1_000 {
                return turn;
            }
        }
        unreachable!("it is never done")
    }

    /// Who was told of how many touchpoints since the last time, and of which, as far as they are named.
    fn told(&mut self) -> Vec<(String, usize, Vec<String>)> {
        let all: Vec<(String, String)> = messages::table
            .filter(messages::kind.eq(crate::mail::TOUCHPOINT_MAIL))
            .order(messages::destination)
            .select((messages::destination, messages::payload))
            .load(&mut self.conn)
            .unwrap();
        diesel::delete(messages::table).execute(&mut self.conn).unwrap();
        let told = |(to, payload): (String, String)| {
            let payload: TouchpointPayload = serde_json::from_str(&payload).unwrap();
            let mut names: Vec<_> = payload.touchpoints.into_iter().map(|one| one.touchpoint).collect();
            names.sort();
            (to, payload.count, names)
        };
        all.into_iter().map(told).collect()
    }

    fn rows(&mut self) -> usize {
        touchpoint_alerts::of_site(&mut self.conn, self.site_id).unwrap().len()
    }
}

fn both(count: usize, names: &[&str]) -> Vec<(String, usize, Vec<String>)> {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    [ANN, BEN].map(|to| (to.to_owned(), count, names.clone())).into()
}

fn each_shop(check: impl Fn(Shop)) {
    TestDatabase::of_each_kind().iter().for_each(|database| check(Shop::new(database)));
}

#[test]
fn silence_is_told_once_and_again_when_responses_came_and_stopped_again() {
    each_shop(|mut shop| {
        shop.responses(&["till", "busy"], DAY - 20..=DAY, 5);
        shop.responses(&["busy"], DAY + 1..=DAY + 30, 5);
        shop.responses(&["tried out"], [DAY - 1, DAY], 5);
        shop.look(noon(DAY + 3));
        assert_eq!(shop.told(), []);

        shop.look(noon(DAY + 4));
        assert_eq!(shop.told(), both(1, &["till"]));
        for day in 5..12 {
            shop.look(noon(DAY + day));
            assert_eq!(shop.told(), [], "{day}");
        }

        shop.responses(&["till"], [DAY + 12], 5);
        shop.look(noon(DAY + 13));
        assert_eq!((shop.told(), shop.rows()), (vec![], 0));
        // It waits longer for a response than it did: 3 * 33 / 22 days.
        shop.look(noon(DAY + 17));
        assert_eq!(shop.told(), []);
        shop.look(noon(DAY + 18));
        assert_eq!(shop.told(), both(1, &["till"]));
        let kinds = "SELECT count(*) AS n FROM journal WHERE kind = 'alert.touchpoint' AND subject = 'touchpoint/till'";
        assert_eq!(number(&mut shop.conn, kinds), 2);
    });
}

fn number(conn: &mut AnyConnection, query: &str) -> i64 {
    #[derive(QueryableByName)]
    struct Number {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        n: i64,
    }
    diesel::sql_query(query).get_result::<Number>(conn).unwrap().n
}

#[test]
fn days_on_which_it_is_closed_are_no_silence() {
    each_shop(|mut shop| {
        let weekdays = ["mon", "tue", "wed", "thu", "fri"].map(|day| (day.to_owned(), json!(["09:00-17:00"])));
        let hours: Value = weekdays.into_iter().collect::<serde_json::Map<_, _>>().into();
        // Two weeks from Monday 2026-11-23 on.
        let calendar = json!({ "hours": hours, "closed": ["2026-11-23/2026-12-06"] }).to_string();
        shop.locked(|conn, site| calendars::replace(conn, site, Some(&calendar), &By::operator(), 0));
        let always = Touchpoint { calendar: Some("\"always\"".to_owned()), ..Touchpoint::named("website", 0) };
        shop.locked(|conn, site| always.store(conn, site, None, &By::operator(), 0));
        // Up to Friday 2026-11-20.
        let days = (DAY - 14..DAY + 5).filter(|day| (day - DAY).rem_euclid(7) < 5);
        shop.responses(&["till", "website"], days, 5);

        // A touchpoint that is always open has days of its own, also those on which it is looked.
        let nine = |day: i32| i64::from(day) * DAY_MS + 9 * DAY_MS / 24;
        shop.look(noon(DAY + 7));
        assert_eq!((shop.told(), shop.timer().due_at), (vec![], nine(DAY + 8)));
        shop.look(noon(DAY + 9));
        assert_eq!(shop.told(), both(1, &["website"]));
        // Without it, the first look after the two weeks is on Monday.
        shop.locked(|conn, site| touchpoints::remove(conn, site, "website", &By::operator(), 0));
        shop.look(noon(DAY + 10));
        assert_eq!((shop.told(), shop.timer().due_at), (vec![], nine(DAY + 21)));
        shop.look(nine(DAY + 21));
        assert_eq!(shop.told(), []);
        shop.look(noon(DAY + 23));
        assert_eq!(shop.told(), []);
        shop.look(noon(DAY + 24));
        assert_eq!(shop.told(), both(1, &["till"]));
    });
}

#[test]
fn many_silent_touchpoints_are_one_mail_written_in_parts_by_whoever_goes_on() {
    each_shop(|mut shop| {
        let names: Vec<_> = (0..1_200).map(|n| format!("store-{n:04}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        shop.responses(&names, DAY - 3..=DAY, 5);
        let now = noon(DAY + 4);
        let timer = shop.timer();
        let handler = shop.read(&timer, now);
        assert!(shop.fire(&*handler, &timer, now));
        assert_eq!((shop.told(), shop.rows()), (vec![], CHUNK));
        // Another server read the same timer at the same time.
        assert!(!shop.fire(&*handler, &timer, now));
        // One of them answers meanwhile; the server that began was killed.
        shop.responses(&["store-0007"], [DAY + 4], 5);
        assert_eq!(shop.look(now), 2);

        let told = shop.told();
        assert_eq!(
            told.iter().map(|(to, count, names)| (to.as_str(), *count, names.len())).collect::<Vec<_>>(),
            [(ANN, 1_199, 50), (BEN, 1_199, 50)]
        );
        assert_eq!(shop.rows(), 1_199);
        shop.look(noon(DAY + 5));
        assert_eq!(shop.told(), []);
    });
}

#[test]
fn each_hears_of_their_own_touchpoints() {
    each_shop(|mut shop| {
        shop.retire("silent");
        shop.store("mine", json!({ "no_response": { "days": 1 } }), json!({ "owner": true }), 0);
        let ids = crate::db::staff::members_of(&mut shop.conn, shop.site_id).unwrap();
        let id = |email: &str| ids.iter().find(|member| member.email == email).unwrap().person_id;
        for (name, email) in [("one", ANN), ("two", BEN), ("three", BEN)] {
            let touchpoint = Touchpoint { owner_id: Some(id(email)), ..Touchpoint::named(name, 0) };
            shop.locked(|conn, site| touchpoint.store(conn, site, None, &By::operator(), 0));
        }
        shop.responses(&["one", "two", "three"], DAY - 5..=DAY, 5);
        shop.look(noon(DAY + 4));
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(shop.told(), [(ANN.to_owned(), 1, names(&["one"])), (BEN.to_owned(), 2, names(&["three", "two"]))]);
    });
}

#[test]
fn touchpoint_that_a_rule_names_is_silent_from_the_day_on_which_it_is_named() {
    each_shop(|mut shop| {
        let named = json!({ "no_response": { "touchpoints": ["kiosk", "till"], "days": 2 } });
        shop.store("silent", named, json!({ "team": "alerts" }), noon(DAY));
        shop.responses(&["till"], [DAY + 1], 5);
        shop.look(noon(DAY + 2));
        assert_eq!(shop.told(), []);
        shop.look(noon(DAY + 3));
        assert_eq!(shop.told(), both(1, &["kiosk"]));
        shop.look(noon(DAY + 4));
        assert_eq!(shop.told(), both(1, &["till"]));
        // Its last response is long ago, and it was told.
        shop.look(noon(DAY + 200));
        assert_eq!((shop.told(), shop.rows()), (vec![], 2));
        shop.store("silent", json!({ "no_response": { "days": 3 } }), json!({ "team": "alerts" }), noon(DAY + 200));
        shop.look(noon(DAY + 201));
        assert_eq!((shop.told(), shop.rows()), (vec![], 0));
    });
}

#[test]
fn rule_that_was_changed_while_it_was_looked_tells_nobody() {
    each_shop(|mut shop| {
        shop.responses(&["till"], DAY - 9..=DAY, 5);
        let (timer, now) = (shop.timer(), noon(DAY + 4));
        let handler = shop.read(&timer, now);
        shop.retire("silent");
        assert!(shop.fire(&*handler, &timer, now));
        assert_eq!(shop.rows(), 0);
        shop.look(now);
        assert_eq!(shop.told(), []);
    });
}

#[test]
fn fall_is_told_once_until_the_scores_are_back() {
    each_shop(|mut shop| {
        shop.retire("silent");
        let falling = json!({ "falling": { "by_percent": 20, "weeks": 1, "least_responses": 7 } });
        shop.store("falling", falling, json!({ "team": "alerts" }), 0);
        // 7 * 5 = 35 in the week before; then 4, 4, 4, 4, 4, 4, 3 = 27, and 35 * 80 % = 28.
        shop.responses(&["till", "few"], DAY - 14..DAY - 7, 5);
        shop.responses(&["till"], DAY - 7..DAY - 1, 4);
        shop.responses(&["till"], [DAY - 1], 3);
        shop.responses(&["few"], DAY - 6..DAY, 1);
        shop.look(noon(DAY - 1));
        assert_eq!(shop.told(), [], "6 * 4 and 5 of 7 days: 29 is above 28");
        let timer = shop.timer();
        let handler = shop.read(&timer, noon(DAY));
        shop.fire(&*handler, &timer, noon(DAY));
        let payload: String = messages::table.select(messages::payload).first(&mut shop.conn).unwrap();
        let payload: Value = serde_json::from_str(&payload).unwrap();
        let fall = json!({ "metric": "csat", "before": { "sum": 35, "count": 7 }, "now": { "sum": 27, "count": 7 } });
        assert_eq!(payload["touchpoints"], json!([{ "touchpoint": "till", "last_day": null, "fall": fall }]));
        assert_eq!(shop.told(), both(1, &["till"]));

        shop.look(noon(DAY));
        assert_eq!(shop.told(), []);
        // Back: 4 or more.
        shop.responses(&["till"], DAY..DAY + 7, 5);
        shop.look(noon(DAY + 7));
        assert_eq!((shop.told(), shop.rows()), (vec![], 0));
        // And down once more: 4 * 7 = 28 of 35.
        shop.responses(&["till"], DAY + 7..DAY + 14, 4);
        shop.look(noon(DAY + 14));
        assert_eq!(shop.told(), both(1, &["till"]));
        // It goes on falling, by more than 20 % a week: after so many weeks it is told again.
        shop.responses(&["till"], DAY + 14..DAY + 21, 3);
        shop.look(noon(DAY + 20));
        assert_eq!(shop.told(), []);
        shop.look(noon(DAY + 21));
        assert_eq!(shop.told(), both(1, &["till"]));
    });
}

#[test]
fn it_is_looked_at_nine_or_when_it_opens_after_that() {
    let hours = |calendar: Value, zone: &str| Hours {
        calendar: crate::calendar::Calendar::parse(calendar.to_string().as_bytes()).unwrap(),
        zone: zone.parse().unwrap(),
        source: crate::touchpoints::Source::Site,
    };
    let all_week = |span: &str| {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(|day| (day.to_owned(), json!([span])));
        json!({ "hours": days.into_iter().collect::<serde_json::Map<_, _>>() })
    };
    let at = |time: &str| time.parse::<UnixMillis>().unwrap().0;
    for (calendar, zone, now, next) in [
        (json!("always"), "UTC", "2026-11-16T08:59:00Z", "2026-11-16T09:00:00Z"),
        (json!("always"), "UTC", "2026-11-16T09:00:00Z", "2026-11-17T09:00:00Z"),
        (json!("always"), "Asia/Tokyo", "2026-11-16T09:00:00Z", "2026-11-17T00:00:00Z"),
        (all_week("10:00-18:00"), "UTC", "2026-11-16T10:00:00Z", "2026-11-17T10:00:00Z"),
        (all_week("06:00-08:00"), "UTC", "2026-11-16T06:00:00Z", "2026-11-17T06:00:00Z"),
        (json!({ "hours": { "wed": ["08:00-12:00"] } }), "UTC", "2026-11-16T12:00:00Z", "2026-11-18T08:00:00Z"),
        // The night in which clocks go forward.
        (json!("always"), "Europe/Berlin", "2027-03-27T09:00:00Z", "2027-03-28T07:00:00Z"),
    ] {
        let found = UnixMillis(next_morning(&[hours(calendar.clone(), zone)], at(now)));
        assert_eq!(found, UnixMillis(at(next)), "{calendar} {zone} {now}");
    }
}
