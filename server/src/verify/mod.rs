//! Whether a database holds together: every page, every reference, every figure, every word.

mod checks;
mod erased;
mod search;

use diesel::result::{Error as QueryError, QueryResult};
use serde::Serialize;

use crate::counted::counted;
use crate::db::sites::Site;
use crate::db::{AnyConnection, DatabaseUrl, open, surveys};
use crate::surveys::parse_document;
use crate::transfer::{TransferError, refuse_old_schema};

/// One thing looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How much of it is not as it should be.
    pub differences: i64,
    /// What was found.
    pub found: String,
    /// What to do about a difference that is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
    /// Whether it was put right; what is reported is what was found before.
    pub repaired: bool,
}

impl Check {
    /// Whether it is as it should be, by now.
    pub fn is_well(&self) -> bool {
        self.differences == 0 || self.repaired
    }
}

/// What a query counts that is wrong, in words.
struct Counted {
    name: &'static str,
    good: &'static str,
    /// Of one, and of several.
    bad: [&'static str; 2],
    advice: &'static str,
}

impl Counted {
    fn check(&self, differences: i64) -> Check {
        let (wrong, [one, many]) = (differences > 0, self.bad);
        Check {
            name: self.name,
            differences,
            found: if wrong { counted(differences, one, many) } else { self.good.to_owned() },
            advice: wrong.then_some(self.advice),
            repaired: false,
        }
    }
}

/// Looks at everything, each thing as it is at one moment, so a server may go on beside it. With `repair` what follows
/// from other rows is made anew: figures and the search index. `show` is told what is looked at next.
///
/// # Errors
/// [`TransferError`] when the database does not answer, or is of another version.
pub fn verify(url: &DatabaseUrl, repair: bool, show: &mut dyn FnMut(&str)) -> Result<Vec<Check>, TransferError> {
    if let DatabaseUrl::Sqlite(path) = url
        && !path.exists()
    {
        return Err(TransferError::Refused(format!("{url} does not exist: check --database-url")));
    }
    let mut conn = open(url)?;
    show("integrity");
    let integrity = checks::integrity(&mut conn)?;
    if !integrity.is_well() {
        // Nothing that is read from damaged pages means anything.
        return Ok(vec![integrity]);
    }
    refuse_old_schema(&mut conn, &url.to_string())?;
    let mut done = vec![integrity];
    for (what, query) in checks::all() {
        show(what.name);
        done.push(what.check(checks::number(&mut conn, &query)?));
    }
    show("staff words");
    done.push(checks::staff_words(&mut conn)?);
    show("erased");
    done.push(erased::check(&mut conn)?);
    show("surveys");
    done.push(surveys(&mut conn)?);
    show("score days");
    done.push(score_days(&mut conn, repair)?);
    show("search index");
    done.push(search::check(&mut conn, url, repair)?);
    Ok(done)
}

/// Every document, site by site.
fn surveys(conn: &mut AnyConnection) -> QueryResult<Check> {
    let what = Counted {
        name: "surveys",
        good: "every survey can be read",
        bad: ["version of a survey cannot be read", "versions of surveys cannot be read"],
        advice: "find out what else writes to the database; `counterbell survey put` stores a version that can be read",
    };
    let mut unreadable = 0;
    for site in Site::all(conn)? {
        for version in surveys::list(conn, site.id)? {
            let document = surveys::find_document(conn, site.id, &version.name, version.version)?;
            let read = document.and_then(|document| parse_document(document.as_bytes()).ok());
            unreadable += i64::from(read.is_none_or(|survey| survey.name != version.name));
        }
    }
    Ok(what.check(unreadable))
}

/// The rollup against the responses it sums up, site by site.
fn score_days(conn: &mut AnyConnection, repair: bool) -> QueryResult<Check> {
    let what = Counted {
        name: "score days",
        good: "the summary's figures are what the responses say",
        bad: [
            "row of the summary's figures is not what the responses say",
            "rows of the summary's figures are not what the responses say",
        ],
        advice: "--repair makes them anew from the responses",
    };
    let (mut differences, mut left) = (0, 0);
    for site in Site::all(conn)? {
        let found = checks::rollup_differences(conn, &site)?;
        differences += found;
        if found > 0 && repair {
            checks::rebuild_rollup(conn, &site)?;
            left += checks::rollup_differences(conn, &site)?;
        }
    }
    let check = what.check(differences);
    Ok(Check { repaired: repair && differences > 0 && left == 0, ..check })
}

/// A query error of ours, with words.
fn corrupt(what: &str) -> QueryError {
    QueryError::DeserializationError(what.into())
}
