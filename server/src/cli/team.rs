//! `counterbell team`.

use clap::{Args, Subcommand};
use counterbell_shared::time::UnixMillis;
use serde_json::json;

use super::CliError;
use super::of_site::{SiteArgs, slug};
use super::output::OutputArgs;
use super::staff::{operator, refused};
use super::warning::warn_of_gaps;
use crate::db::staff::Member;
use crate::db::{dialect, journal, staff as rows};
use crate::staff::{self, Refused, TeamDocument, TeamView};

#[derive(Subcommand)]
pub enum TeamCommand {
    /// Make a team of a site, or change it; what is left out stays as it is
    ///
    /// The team "alerts" is told about unhappy customers, and every site has it: `counterbell site set --add-recipient`
    /// and `--remove-recipient` put people in it and take them out.
    Set(SetArgs),
    /// List the teams of a site
    List(ListArgs),
    /// Take a team away; its people stay. Every site keeps the team "alerts"
    Remove(RemoveArgs),
}

#[derive(Args)]
pub struct SetArgs {
    /// Its name for programs: lowercase letters and digits, with hyphens between words
    #[arg(value_name = "NAME", value_parser = slug)]
    name: String,
    #[command(flatten)]
    site: SiteArgs,
    /// Its name for people; a new team has NAME when none is given
    #[arg(long)]
    label: Option<String>,
    /// Any e-mail address of somebody who belongs to the site; repeat for more, in the order in which they take turns. Names
    /// all who are in the team from now on
    #[arg(long = "member", value_name = "EMAIL")]
    members: Vec<String>,
    /// Nobody is in the team from now on
    #[arg(long, conflicts_with = "members")]
    no_members: bool,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct RemoveArgs {
    /// The team
    #[arg(value_name = "NAME", value_parser = slug)]
    name: String,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl TeamCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Set(args) => args.run(),
            Self::List(args) => args.run(),
            Self::Remove(args) => args.run(),
        }
    }
}

impl SetArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let named = self.members.iter().map(|email| self.site.person(&mut conn, site_id, email));
        let named = named.collect::<Result<Vec<_>, _>>()?;
        let now = UnixMillis::now().0;
        let stored = dialect::write_transaction(&mut conn, |conn| {
            // What stays is read once nobody else can change it.
            let _ = journal::lock(conn, site_id)?;
            let before = staff::find_team(conn, site_id, &self.name)?;
            let (label, members) = before.map_or((self.name.clone(), Vec::new()), |team| (team.label, team.members));
            let stays = self.members.is_empty() && !self.no_members;
            let members = if stays { members } else { named };
            let document = json!({ "label": self.label.as_ref().unwrap_or(&label), "members": members });
            match TeamDocument::parse(document.to_string().as_bytes()) {
                Ok(team) => staff::put_team(conn, site_id, &self.name, &team, &operator(), now),
                Err(errors) => Ok(Err(Refused::InvalidTeam(errors))),
            }
        })?;
        let team = stored.map_err(refused)?.view;
        let staff = rows::members_of(&mut conn, site_id)?;
        self.output.print(&team, &team_text(&team, &staff))?;
        if team.members.is_empty() { warn_of_gaps(&mut conn, site_id) } else { Ok(()) }
    }
}

impl ListArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let teams = staff::list_teams(&mut conn, site_id)?;
        let staff = rows::members_of(&mut conn, site_id)?;
        self.output.print(&teams, &teams.iter().map(|team| team_text(team, &staff)).collect::<String>())
    }
}

impl RemoveArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let now = UnixMillis::now().0;
        let removed = dialect::write_transaction(&mut conn, |conn| {
            staff::remove_team(conn, site_id, &self.name, &operator(), now)
        })?;
        if !removed.map_err(refused)? {
            let hint = "`counterbell team list` shows them";
            return Err(CliError::Usage(format!("the site has no team \"{}\": {hint}", self.name)));
        }
        self.output.print(&json!({"name": self.name, "removed": true}), &format!("Removed the team {}", self.name))?;
        warn_of_gaps(&mut conn, site_id)
    }
}

fn team_text(team: &TeamView, staff: &[Member]) -> String {
    let address = |id: &i64| staff.iter().find(|member| member.person_id == *id).map(|member| member.email.as_str());
    let members: Vec<_> = team.members.iter().filter_map(address).collect();
    let members = if members.is_empty() { "nobody".to_owned() } else { members.join(", ") };
    format!("{}  {}\n    members     {members}\n", team.name, team.label)
}
