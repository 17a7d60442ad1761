//! Staff and teams of a site: what is read, checked and shown. Command line and admin API both go through here, so that they
//! refuse the same.

mod absence;
mod documents;
mod for_rules;
mod leaving;
mod people;
mod teams;
mod views;

use counterbell_shared::problem::FieldError;

use crate::db::journal::By;

pub use documents::{NewPerson, PersonPatch, TeamDocument};
pub use for_rules::{load_for_rules, load_owner, told_at};
pub use leaving::{LeavingView, leaving, rules_that_name};
pub use people::{add, change, find, leave, list};
pub use teams::{find_team, list_teams, put_team, remove_team};
pub use views::{PersonView, TeamView};

/// Who asks for a change.
#[derive(Clone, Debug)]
pub struct Asker {
    /// For the journal.
    pub by: By,
    /// The sites that are theirs; `None` is every site. What a person has on all sites is changed only by whoever has all
    /// sites of that person.
    pub sites: Option<Vec<i64>>,
}

/// What was stored.
#[derive(Clone, Debug)]
pub struct Stored<T> {
    /// Whether it was not there before.
    pub is_new: bool,
    /// As it is now.
    pub view: T,
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Nobody of that number belongs to the site, or did.
    NoSuchPerson,
    /// This address is somebody else's.
    AddressTaken(String),
    /// The person belongs to a site that is not the asker's, too.
    SharedPerson,
    /// What is wrong with what was sent of a person, each with a JSON pointer.
    InvalidPerson(Vec<FieldError>),
    /// What is wrong with what was sent of a team.
    InvalidTeam(Vec<FieldError>),
    /// Every site keeps the team "alerts".
    TeamNeeded,
}
