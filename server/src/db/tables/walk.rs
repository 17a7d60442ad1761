//! How each table is walked through, and how its rows are written.

use std::hash::Hash;

use counterbell_shared::metric::Metric;
use diesel::prelude::*;

use super::rows::{
    AdditionCopy, AddressRow, AlertCopy, AlertGroupCopy, AlertGroupResponseCopy, AlertRuleRow, ApiKeyRow, AttemptCopy,
    CaseResponseRow, CaseRow, CustomerKeyRow, ErasedCopy, JournalCopy, LinkKeyRow, MemberRow, NoteRow, OutboxCopy,
    PersonRow, ResponseCopy, RootCauseRow, ScoreDayCopy, SiteCounterRow, SiteOriginRow, SiteRow, SurveyCopy,
    TeamMemberRow, TeamRow, TimerRow, TouchpointAlertRow, TouchpointRow, TriageCopy,
};
use crate::db::journal::NO_SITE;
use crate::db::schema::{
    alert_group_responses, alert_groups, alert_rules, alerts, api_keys, attempts, case_notes, case_responses, cases,
    customer_keys, erased_responses, journal, link_keys, members, outbox, people, person_addresses, response_additions,
    responses, root_causes, score_days, site_counters, site_origins, sites, surveys, team_members, teams, timers,
    touchpoint_alerts, touchpoints, triage_queue,
};
use crate::db::{AnyConnection, dialect};

/// Rows compared at a time: enough to make a round trip cheap, few enough for the memory of a small machine.
const RANGE_ROWS: i64 = 2_000;

/// A part of a table that is walked through in the order of a cursor. No query spans sites.
#[derive(Clone, Copy, Debug)]
pub struct Part {
    site_id: i64,
    metric: Metric,
}

/// A row, all of it: how its table is walked through, compared and written.
pub trait Row: Clone + Eq + Hash {
    /// The primary key.
    type Key: Ord;
    /// Order of the walk within a part.
    type Cursor;
    /// Before every row, and behind the last.
    fn ends() -> (Self::Cursor, Self::Cursor);
    /// The parts, given the ids of all sites.
    fn parts(site_ids: &[i64]) -> Vec<Part>;
    /// The primary key.
    fn key(row: &Self) -> Self::Key;
    /// How many rows there are.
    fn count(conn: &mut AnyConnection) -> QueryResult<i64>;
    /// Where the range that begins behind `after` ends; `None` when it is the last one.
    fn range_end(conn: &mut AnyConnection, part: Part, after: &Self::Cursor) -> QueryResult<Option<Self::Cursor>>;
    /// The rows behind `after`, up to `end`.
    fn load(conn: &mut AnyConnection, part: Part, after: &Self::Cursor, end: &Self::Cursor) -> QueryResult<Vec<Self>>;
    /// Adds rows that are not there.
    fn insert(conn: &mut AnyConnection, rows: &[Self]) -> QueryResult<()>;
    /// Makes the row with this one's key equal to it.
    fn update(conn: &mut AnyConnection, row: &Self) -> QueryResult<()> {
        Self::delete(conn, row)?;
        Self::insert(conn, std::slice::from_ref(row))
    }
    /// Removes the row with this one's key.
    fn delete(conn: &mut AnyConnection, row: &Self) -> QueryResult<()>;
    /// Does what follows from rows of one part that are gone.
    fn after_delete(_: &mut AnyConnection, _: &[Self]) -> QueryResult<()> {
        Ok(())
    }
    /// Does what follows from rows that were added, or changed.
    fn after_write(_: &mut AnyConnection, _: &[&Self]) -> QueryResult<()> {
        Ok(())
    }
}

macro_rules! count_and_write {
    ($table:ident, $key:expr) => {
        fn count(conn: &mut AnyConnection) -> QueryResult<i64> {
            $table::table.count().get_result(conn)
        }

        fn insert(conn: &mut AnyConnection, rows: &[Self]) -> QueryResult<()> {
            match conn {
                // One cached statement; a long list would also run into SQLite's limit of bound variables.
                AnyConnection::Sqlite(sqlite) => {
                    for row in rows {
                        diesel::insert_into($table::table).values(row).execute(sqlite)?;
                    }
                }
                // Its way for many rows: no statement to plan, no parameters to count.
                AnyConnection::Postgres(pg) => {
                    diesel::copy_from($table::table).from_insertable(rows).execute(pg)?;
                }
            }
            Ok(())
        }

        fn delete(conn: &mut AnyConnection, row: &Self) -> QueryResult<()> {
            let key: fn(&Self) -> _ = $key;
            diesel::delete($table::table.find(key(row))).execute(conn)?;
            Ok(())
        }
    };
}

/// A table of which there is little: one range.
macro_rules! small_table {
    ($table:ident, $row:ident, $key_type:ty, $key:expr $(, $update:item)?) => {
        impl Row for $row {
            type Key = $key_type;
            type Cursor = ();

            fn ends() -> ((), ()) {
                ((), ())
            }

            fn parts(_: &[i64]) -> Vec<Part> {
                vec![Part { site_id: 0, metric: Metric::Csat }]
            }

            fn key(row: &$row) -> $key_type {
                let key: fn(&$row) -> $key_type = $key;
                key(row)
            }

            fn range_end(_: &mut AnyConnection, _: Part, (): &()) -> QueryResult<Option<()>> {
                Ok(None)
            }

            fn load(conn: &mut AnyConnection, _: Part, (): &(), (): &()) -> QueryResult<Vec<$row>> {
                $table::table.load(conn)
            }

            count_and_write!($table, $key);
            $($update)?
        }
    };
}

/// A table that grows with the responses: walked through along its primary key, site by site.
macro_rules! large_table {
    ($table:ident, $row:ident, $cursor:ident, $key_type:ty, $key:expr $(, $after:item)*) => {
        // Ids have 16 bytes.
        large_table!($table, $row, $cursor: Vec<u8>, (Vec::new(), vec![0xff; 17]), $key_type, $key $(, $after)*);
    };
    ($table:ident, $row:ident, $cursor:ident: $cursor_type:ty, $ends:expr, $key_type:ty, $key:expr $(, $after:item)*) => {
        impl Row for $row {
            type Key = $key_type;
            type Cursor = $cursor_type;

            fn ends() -> ($cursor_type, $cursor_type) {
                $ends
            }

            fn parts(site_ids: &[i64]) -> Vec<Part> {
                let part = |site_id: &i64| Part { site_id: *site_id, metric: Metric::Csat };
                [NO_SITE].iter().chain(site_ids).map(part).collect()
            }

            fn key(row: &$row) -> $key_type {
                let key: fn(&$row) -> $key_type = $key;
                key(row)
            }

            fn range_end(conn: &mut AnyConnection, part: Part, after: &$cursor_type) -> QueryResult<Option<$cursor_type>> {
                $table::table
                    .filter($table::site_id.eq(part.site_id))
                    .filter($table::$cursor.gt(after))
                    .order($table::$cursor)
                    .select($table::$cursor)
                    .offset(RANGE_ROWS - 1)
                    .first(conn)
                    .optional()
            }

            fn load(
                conn: &mut AnyConnection,
                part: Part,
                after: &$cursor_type,
                end: &$cursor_type,
            ) -> QueryResult<Vec<$row>> {
                $table::table
                    .filter($table::site_id.eq(part.site_id))
                    .filter($table::$cursor.gt(after))
                    .filter($table::$cursor.le(end))
                    .load(conn)
            }

            count_and_write!($table, $key);
            $($after)*
        }
    };
}

small_table!(
    sites,
    SiteRow,
    i64,
    |row| row.id,
    // Others refer to it, so it cannot be taken out and put back.
    fn update(conn: &mut AnyConnection, row: &SiteRow) -> QueryResult<()> {
        diesel::update(sites::table.find(row.id)).set(row).execute(conn)?;
        Ok(())
    }
);
small_table!(site_origins, SiteOriginRow, (i64, String), |row| (row.site_id, row.origin.clone()));
small_table!(
    people,
    PersonRow,
    i64,
    |row| row.id,
    // Others refer to it, so it cannot be taken out and put back.
    fn update(conn: &mut AnyConnection, row: &PersonRow) -> QueryResult<()> {
        diesel::update(people::table.find(row.id)).set(row).execute(conn)?;
        Ok(())
    }
);
small_table!(person_addresses, AddressRow, String, |row| row.email_key.clone());
small_table!(members, MemberRow, (i64, i64), |row| (row.site_id, row.person_id));
small_table!(
    teams,
    TeamRow,
    (i64, String),
    |row| (row.site_id, row.name.clone()),
    fn update(conn: &mut AnyConnection, row: &TeamRow) -> QueryResult<()> {
        diesel::update(teams::table.find((row.site_id, row.name.as_str()))).set(row).execute(conn)?;
        Ok(())
    }
);
small_table!(team_members, TeamMemberRow, (i64, String, i64), |row| (row.site_id, row.team.clone(), row.person_id));
small_table!(touchpoints, TouchpointRow, (i64, String), |row| (row.site_id, row.name.clone()));
small_table!(alert_rules, AlertRuleRow, (i64, String, i32), |row| (row.site_id, row.name.clone(), row.version));
small_table!(root_causes, RootCauseRow, (i64, String), |row| (row.site_id, row.name.clone()));
small_table!(surveys, SurveyCopy, (i64, String, i32), |row| (row.site_id, row.name.clone(), row.version));
small_table!(site_counters, SiteCounterRow, i64, |row| row.site_id);
small_table!(api_keys, ApiKeyRow, String, |row| row.key_id.clone());
small_table!(link_keys, LinkKeyRow, i64, |row| row.key_id);
large_table!(
    responses,
    ResponseCopy,
    response_id,
    (i64, Vec<u8>),
    |row| (row.site_id, row.response_id.clone()),
    // On SQLite `after_write` has the whole index made again.
    fn after_delete(conn: &mut AnyConnection, rows: &[ResponseCopy]) -> QueryResult<()> {
        let Some(first) = rows.first() else { return Ok(()) };
        let ids: Vec<_> = rows.iter().map(|row| row.response_id.as_slice()).collect();
        dialect::delete_words(conn, first.site_id, &ids)
    },
    fn after_write(conn: &mut AnyConnection, rows: &[&ResponseCopy]) -> QueryResult<()> {
        let with_comment = rows.iter().filter(|row| row.comment.is_some());
        dialect::index_again(
            conn,
            &with_comment.map(|row| (row.site_id, row.response_id.as_slice())).collect::<Vec<_>>(),
        )
    }
);
large_table!(response_additions, AdditionCopy, response_id, (i64, Vec<u8>, i32), |row| {
    (row.site_id, row.response_id.clone(), row.revision)
});
large_table!(erased_responses, ErasedCopy, response_id, (i64, Vec<u8>), |row| {
    (row.site_id, row.response_id.clone())
});
large_table!(alert_groups, AlertGroupCopy, group_id, (i64, Vec<u8>), |row| (row.site_id, row.group_id.clone()));
large_table!(alert_group_responses, AlertGroupResponseCopy, response_id, (i64, Vec<u8>, Vec<u8>), |row| {
    (row.site_id, row.response_id.clone(), row.group_id.clone())
});
large_table!(alerts, AlertCopy, response_id, (i64, Vec<u8>, String), |row| {
    (row.site_id, row.response_id.clone(), row.rule.clone())
});
small_table!(touchpoint_alerts, TouchpointAlertRow, (i64, String, String, String), |row| {
    (row.site_id, row.rule.clone(), row.touchpoint.clone(), row.metric.clone())
});
small_table!(timers, TimerRow, (i64, String, Vec<u8>), |row| (row.site_id, row.kind.clone(), row.subject.clone()));
large_table!(triage_queue, TriageCopy, response_id, (i64, Vec<u8>), |row| (row.site_id, row.response_id.clone()));
large_table!(attempts, AttemptCopy, message_id, (i64, Vec<u8>, i32), |row| {
    (row.site_id, row.message_id.clone(), row.attempt)
});
large_table!(cases, CaseRow, case_id, (i64, Vec<u8>), |row| (row.site_id, row.case_id.clone()));
large_table!(case_responses, CaseResponseRow, response_id, (i64, Vec<u8>), |row| {
    (row.site_id, row.response_id.clone())
});
large_table!(case_notes, NoteRow, note_id, (i64, Vec<u8>), |row| (row.site_id, row.note_id.clone()));
large_table!(customer_keys, CustomerKeyRow, response_id, (i64, Vec<u8>, Vec<u8>), |row| {
    (row.site_id, row.customer_key.clone(), row.response_id.clone())
});
large_table!(journal, JournalCopy, seq: i64, (i64::MIN, i64::MAX), (i64, i64), |row| (row.site_id, row.seq));
large_table!(outbox, OutboxCopy, message_id, (i64, Vec<u8>), |row| (row.site_id, row.message_id.clone()));

/// Walked through by day, metric by metric. Touchpoints are in no cursor, since the databases need not order texts alike.
impl Row for ScoreDayCopy {
    type Key = (i64, String, i32, String);
    type Cursor = i32;

    fn ends() -> (i32, i32) {
        (i32::MIN, i32::MAX)
    }

    fn parts(site_ids: &[i64]) -> Vec<Part> {
        let metrics = |site_id: &i64| Metric::ALL.map(|metric| Part { site_id: *site_id, metric });
        site_ids.iter().flat_map(metrics).collect()
    }

    fn key(row: &ScoreDayCopy) -> Self::Key {
        (row.site_id, row.metric.clone(), row.day, row.touchpoint.clone())
    }

    fn range_end(conn: &mut AnyConnection, part: Part, after: &i32) -> QueryResult<Option<i32>> {
        score_days::table
            .filter(score_days::site_id.eq(part.site_id))
            .filter(score_days::metric.eq(part.metric.as_str()))
            .filter(score_days::day.gt(after))
            .order(score_days::day)
            .select(score_days::day)
            .offset(RANGE_ROWS - 1)
            .first(conn)
            .optional()
    }

    fn load(conn: &mut AnyConnection, part: Part, after: &i32, end: &i32) -> QueryResult<Vec<ScoreDayCopy>> {
        score_days::table
            .filter(score_days::site_id.eq(part.site_id))
            .filter(score_days::metric.eq(part.metric.as_str()))
            .filter(score_days::day.gt(after))
            .filter(score_days::day.le(end))
            .load(conn)
    }

    count_and_write!(score_days, |row| (row.site_id, row.metric.clone(), row.day, row.touchpoint.clone()));
}
