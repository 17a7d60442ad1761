//! Who reads a mail, and whom it names.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::QueryResult;

use super::texts::Language;
use super::visible::shown;
use crate::db::AnyConnection;
use crate::db::sites::MailSettings;
use crate::db::staff::{self, Member, Team, key_of};
use crate::db::told::AboutResponse;
use crate::zone::Zone;

/// A site with its staff, as its mails need them.
#[derive(Clone, Debug)]
pub struct Site {
    /// In the database.
    pub id: i64,
    /// Its name, as it is stored.
    pub name: String,
    /// Whether mails hold what a customer wrote, and who that is.
    pub personal: bool,
    zone: Zone,
    members: Vec<Member>,
    teams: HashMap<String, String>,
}

/// Who reads a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reader {
    /// In which they read.
    pub language: Language,
    /// In which they are told times.
    pub zone: Zone,
    /// Somebody of the site's staff: id, and generation of their links.
    pub person: Option<(i64, u32)>,
}

impl Site {
    /// The site of this id; `None` when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64) -> QueryResult<Option<Self>> {
        let Some(MailSettings { name, zone, mail_personal }) = MailSettings::find(conn, site_id)? else {
            return Ok(None);
        };
        let teams = Team::all(conn, site_id)?.into_iter().map(|team| (team.name, team.label)).collect();
        let (members, zone) = (staff::members_of(conn, site_id)?, Zone::or_utc(&zone));
        Ok(Some(Self { id: site_id, name, personal: mail_personal, zone, members, teams }))
    }

    /// For tests.
    #[cfg(test)]
    pub fn new((id, name, zone): (i64, &str, Zone), members: Vec<Member>, teams: &[(&str, &str)]) -> Self {
        let teams = teams.iter().map(|(name, label)| ((*name).to_owned(), (*label).to_owned())).collect();
        Self { id, name: name.to_owned(), personal: true, zone, members, teams }
    }

    /// Whoever the mail to `address` is for: the person of this id, else of this address.
    pub fn reader(&self, person_id: Option<i64>, address: &str) -> Reader {
        let member = person_id.and_then(|id| self.member(id)).or_else(|| self.member_at(address));
        let zone = member.and_then(|member| member.zone.as_deref()).and_then(|zone| zone.parse().ok());
        Reader {
            language: Language::of(member.and_then(|member| member.language.as_deref())),
            zone: zone.unwrap_or_else(|| self.zone.clone()),
            person: member.and_then(|member| Some((member.person_id, u32::try_from(member.link_generation).ok()?))),
        }
    }

    /// What somebody of the site is called, harmless.
    pub fn name_of(&self, person_id: i64) -> String {
        self.member(person_id).map(called).unwrap_or_default()
    }

    /// What whoever is told by a message is called, harmless.
    pub fn name_of_told(&self, told: &AboutResponse) -> String {
        let member = told.person_id().and_then(|id| self.member(id)).or_else(|| self.member_at(&told.destination));
        member.map_or_else(|| shown(&told.destination), called)
    }

    /// What a team is called, harmless.
    pub fn team(&self, name: &str) -> String {
        shown(self.teams.get(name).map_or(name, String::as_str))
    }

    fn member(&self, person_id: i64) -> Option<&Member> {
        self.members.iter().find(|member| member.person_id == person_id)
    }

    fn member_at(&self, address: &str) -> Option<&Member> {
        let key = key_of(address);
        let has =
            |member: &&Member| key_of(&member.email) == key || member.aliases.iter().any(|alias| key_of(alias) == key);
        self.members.iter().find(has)
    }
}

fn called(member: &Member) -> String {
    shown(member.called())
}

/// Sites that were read once.
#[derive(Debug, Default)]
pub struct Sites(HashMap<i64, Option<Arc<Site>>>);

impl Sites {
    /// The site of this id; `None` when there is none.
    ///
    /// # Errors
    /// What the database says.
    pub fn get(&mut self, conn: &mut AnyConnection, site_id: i64) -> QueryResult<Option<Arc<Site>>> {
        if let Some(known) = self.0.get(&site_id) {
            return Ok(known.clone());
        }
        let site = Site::load(conn, site_id)?.map(Arc::new);
        Ok(self.0.entry(site_id).or_insert(site).clone())
    }
}
