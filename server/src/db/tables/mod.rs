//! The one list of tables. What is done with every table follows from it: checks of the schema, truncating, spreading over
//! machines, verifying, copying, erasing.
//!
//! A new table is named in its migrations (and `schema.rs`), in its row type (`rows.rs`, `walk.rs`), and here.

mod rows;
#[cfg(test)]
mod tests;
mod walk;

use diesel::prelude::*;

pub use rows::{
    AdditionCopy, AddressRow, AlertCopy, AlertGroupCopy, AlertGroupResponseCopy, AlertRuleRow, ApiKeyRow, AttemptCopy,
    CaseResponseRow, CaseRow, CustomerKeyRow, ErasedCopy, JournalCopy, LinkKeyRow, MemberRow, NoteRow, OutboxCopy,
    PersonRow, ResponseCopy, RootCauseRow, ScoreDayCopy, SiteCounterRow, SiteOriginRow, SiteRow, SurveyCopy,
    TeamMemberRow, TeamRow, TimerRow, TouchpointAlertRow, TouchpointRow, TriageCopy,
};
pub use walk::{Part, Row};

use super::case_words::{self, Gone};
use super::connection::AnyConnection;
use super::journal::NO_SITE;
use super::outbox::SUBJECT_RESPONSE;
use super::schema::{outbox, sites};
use super::{cases, dialect, staff};

/// Tables of the databases and of Diesel, which are nobody's data.
const OF_OTHERS: [&str; 2] = ["__diesel_schema_migrations", "sqlite_sequence"];

/// Where the rows of a table lie when Citus spreads the database over machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Small, and read for every request: a copy on every machine.
    Everywhere,
    /// Grows with the responses: a site's rows of all these tables lie together on one machine. Every key of theirs begins
    /// with the site, and no query joins two sites.
    BySite,
}

/// On which database a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Either.
    Both,
    /// The words of an SQLite database are in a file of their own.
    Postgres,
    /// That file can be lost.
    Sqlite,
}

/// With what the rows of a table go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// They are sites.
    Itself,
    /// With the site in `site_id`.
    ToSite,
    /// With the response in `site_id` and `response_id`.
    ToResponse,
    /// With the response in `site_id` and `subject_id`, if `subject_kind` says that it is one.
    ToSubject,
    /// With the message in `site_id` and `message_id`.
    ToMessage,
    /// With the last response of the case in `site_id` and `case_id`.
    ToCase,
    /// With the person, whom no site names any more.
    ToPerson,
    /// They say nothing of anybody.
    ToNobody,
}

/// A table, and what is to be known of it.
#[derive(Clone, Copy, Debug)]
pub struct TableInfo {
    /// In the database.
    pub name: &'static str,
    /// Where it lies.
    pub spread: Spread,
    /// Which databases have it.
    pub on: On,
    /// With what its rows go.
    pub belongs: Belongs,
    /// Columns that can hold the words of a person, or who somebody is.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests see by it that erasing is complete"))]
    pub personal: &'static [&'static str],
    /// Whether its rows are made of those of other tables, rather than copied.
    pub derived: bool,
}

impl TableInfo {
    /// Whether the database that `conn` leads to has it.
    pub fn is_in(&self, conn: &AnyConnection) -> bool {
        match (self.on, conn) {
            (On::Both, _) | (On::Postgres, AnyConnection::Postgres(_)) | (On::Sqlite, AnyConnection::Sqlite(_)) => true,
            (On::Postgres, AnyConnection::Sqlite(_)) | (On::Sqlite, AnyConnection::Postgres(_)) => false,
        }
    }
}

/// Calls `$run` with every table, those others refer to first. Rows are added and locked in this order, and a site's are
/// deleted in the reverse one.
macro_rules! for_each_table {
    ($run:ident) => {
        $run! {
            copied {
                sites: SiteRow, Everywhere, Itself, ["name", "theme", "words", "calendar"];
                site_origins: SiteOriginRow, Everywhere, ToSite, [];
                people: PersonRow, Everywhere, ToPerson, ["name"];
                person_addresses: AddressRow, Everywhere, ToPerson, ["email_key", "email"];
                members: MemberRow, Everywhere, ToSite, [];
                teams: TeamRow, Everywhere, ToSite, ["name", "label"];
                team_members: TeamMemberRow, Everywhere, ToSite, ["team"];
                touchpoints: TouchpointRow, Everywhere, ToSite, ["name", "label", "team", "calendar"];
                alert_rules: AlertRuleRow, Everywhere, ToSite, ["name", "document"];
                root_causes: RootCauseRow, Everywhere, ToSite, ["name", "label"];
                surveys: SurveyCopy, Everywhere, ToSite, ["name", "document"];
                api_keys: ApiKeyRow, Everywhere, ToSite, ["name"];
                link_keys: LinkKeyRow, Everywhere, ToNobody, [];
                responses: ResponseCopy, BySite, ToResponse, [
                    "touchpoint", "survey", "comment", "order_ref", "customer_ref", "contact_email",
                    "page_url", "answers"
                ];
                response_additions: AdditionCopy, BySite, ToResponse, ["comment", "answers"];
                alerts: AlertCopy, BySite, ToResponse, ["rule"];
                touchpoint_alerts: TouchpointAlertRow, BySite, ToSite, ["rule", "touchpoint"];
                alert_groups: AlertGroupCopy, BySite, ToSite, ["rule", "touchpoint"];
                alert_group_responses: AlertGroupResponseCopy, BySite, ToResponse, [];
                triage_queue: TriageCopy, BySite, ToResponse, ["last_error"];
                customer_keys: CustomerKeyRow, BySite, ToResponse, [];
                case_responses: CaseResponseRow, BySite, ToResponse, [];
                cases: CaseRow, BySite, ToSite, ["team", "touchpoint", "rule", "root_cause", "action_taken"];
                case_notes: NoteRow, BySite, ToCase, ["text"];
                outbox: OutboxCopy, BySite, ToSubject, ["destination", "payload", "dedupe_key", "last_error"];
                attempts: AttemptCopy, BySite, ToMessage, ["error"];
                erased_responses: ErasedCopy, BySite, ToSite, [];
                score_days: ScoreDayCopy, BySite, ToSite, ["touchpoint"];
                site_counters: SiteCounterRow, BySite, ToSite, [];
                timers: TimerRow, BySite, ToSite, ["subject", "last_error"];
                journal: JournalCopy, BySite, ToSite, ["actor", "subject", "data"];
            }
            derived {
                search_queue: BySite, Both, ToResponse, [];
                comment_words: BySite, Postgres, ToResponse, ["words"];
                search_rebuild: Everywhere, Sqlite, ToNobody, [];
                journal_epoch: Everywhere, Both, ToNobody, [];
            }
        }
    };
}

pub(crate) use for_each_table;

macro_rules! list {
    (
        copied { $($copied:ident: $row:ident, $spread:ident, $belongs:ident, [$($personal:literal),*];)* }
        derived { $($derived:ident: $its_spread:ident, $on:ident, $its_belongs:ident, [$($its_personal:literal),*];)* }
    ) => {
        /// Every table, those others refer to first.
        pub const TABLES: &[TableInfo] = &[
            $(TableInfo {
                name: stringify!($copied),
                spread: Spread::$spread,
                on: On::Both,
                belongs: Belongs::$belongs,
                personal: &[$($personal),*],
                derived: false,
            },)*
            $(TableInfo {
                name: stringify!($derived),
                spread: Spread::$its_spread,
                on: On::$on,
                belongs: Belongs::$its_belongs,
                personal: &[$($its_personal),*],
                derived: true,
            },)*
        ];

        /// How many rows there are of every table that is copied.
        ///
        /// # Errors
        /// What the database says.
        pub fn count_rows(conn: &mut AnyConnection) -> QueryResult<Vec<(&'static str, i64)>> {
            Ok(vec![$((stringify!($copied), $row::count(conn)?)),*])
        }
    };
}

for_each_table!(list);

/// Names of tables in the database that are not listed: a later version made them, or somebody else.
///
/// # Errors
/// What the database says.
pub fn unknown(conn: &mut AnyConnection) -> QueryResult<Vec<String>> {
    let is_known = |name: &str| OF_OTHERS.contains(&name) || TABLES.iter().any(|table| table.name == name);
    Ok(dialect::table_names(conn)?.into_iter().filter(|name| !is_known(name)).collect())
}

/// The statement that empties every table of a PostgreSQL.
pub fn truncate_postgres() -> String {
    let tables = TABLES.iter().filter(|table| table.on != On::Sqlite);
    format!("TRUNCATE {}", tables.map(|table| table.name).collect::<Vec<_>>().join(", "))
}

/// Deletes all rows of a site, and people whom no other site names.
///
/// # Errors
/// What the database says.
pub fn delete_site(conn: &mut AnyConnection, site_id: i64) -> QueryResult<()> {
    for table in TABLES.iter().rev() {
        match table.belongs {
            Belongs::Itself => diesel::delete(sites::table.find(site_id)).execute(conn).map(|_| ())?,
            Belongs::ToPerson | Belongs::ToNobody => {}
            Belongs::ToSite | Belongs::ToResponse | Belongs::ToSubject | Belongs::ToMessage | Belongs::ToCase => {
                if table.is_in(conn) {
                    dialect::delete_of_site(conn, table.name, site_id)?;
                }
            }
        }
    }
    staff::delete_unnamed(conn)
}

/// Deletes all rows of responses of a site, but for their words in the search index: no index of that finds them by their
/// response, so whoever wants them gone at once calls [`dialect::delete_words`], too. What went along. The caller has locked
/// the site.
///
/// # Errors
/// What the database says.
pub fn delete_responses(conn: &mut AnyConnection, site_id: i64, ids: &[&[u8]]) -> QueryResult<Gone> {
    let cases = cases::of_responses(conn, site_id, ids)?;
    let quoting = case_words::quoting(conn, site_id, ids)?;
    let messages: Vec<Vec<u8>> = outbox::table
        .filter(outbox::site_id.eq(site_id))
        .filter(outbox::subject_kind.eq(SUBJECT_RESPONSE))
        .filter(outbox::subject_id.eq_any(ids.iter().copied()))
        .select(outbox::message_id)
        .load(conn)?;
    // The response before what belongs to it, as everybody locks them: two must not wait for each other in a circle. The queue
    // before the words: whoever indexes at this moment holds the queue's row until the words are there.
    for table in TABLES.iter().filter(|table| table.belongs == Belongs::ToResponse && table.on == On::Both) {
        dialect::delete_by_ids(conn, table.name, "response_id", site_id, ids)?;
    }
    let mut gone = case_words::forget(conn, site_id, &cases)?;
    gone.messages.extend(messages);
    gone.mails.extend(quoting);
    delete_messages(conn, site_id, &gone.messages)?;
    Ok(gone)
}

/// Deletes messages of a site with all rows of theirs. The caller has locked the site.
///
/// # Errors
/// What the database says.
pub fn delete_messages(conn: &mut AnyConnection, site_id: i64, ids: &[Vec<u8>]) -> QueryResult<()> {
    let ids: Vec<_> = ids.iter().map(Vec::as_slice).collect();
    for table in TABLES.iter().filter(|table| matches!(table.belongs, Belongs::ToSubject | Belongs::ToMessage)) {
        dialect::delete_by_ids(conn, table.name, "message_id", site_id, &ids)?;
    }
    Ok(())
}

/// The query that counts, as `n`, rows that belong to a site that is not there.
pub fn count_of_no_site() -> String {
    let of_site = TABLES.iter().filter(|table| {
        !table.derived && !matches!(table.belongs, Belongs::Itself | Belongs::ToPerson | Belongs::ToNobody)
    });
    let one = |table: &TableInfo| {
        format!(
            "(SELECT count(*) FROM {} WHERE site_id <> {NO_SITE} AND site_id NOT IN (SELECT id FROM sites))",
            table.name
        )
    };
    format!("SELECT {} AS n", of_site.map(one).collect::<Vec<_>>().join(" + "))
}
