//! `counterbell staff`.

use clap::{Args, Subcommand};
use counterbell_shared::EmailAddress;
use counterbell_shared::problem::FieldError;
use counterbell_shared::time::UnixMillis;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::CliError;
use super::of_site::SiteArgs;
use super::output::OutputArgs;
use super::site::parse_email;
use super::warning::warn_of_gaps;
use crate::counted::counted;
use crate::db::journal::By;
use crate::db::{AnyConnection, dialect};
use crate::staff::{self, Asker, LeavingView, NewPerson, PersonPatch, PersonView, Refused};

#[derive(Subcommand)]
pub enum StaffCommand {
    /// Make somebody staff of a site; who left comes back, and who is there is changed
    ///
    /// A person is known by e-mail address, in any letter case, and is the same person on every site: name, addresses,
    /// language and zone are changed on all. To have them told about unhappy customers, put them in the team "alerts":
    /// `counterbell team set alerts`, or `counterbell site set --add-recipient`, which does both.
    Add(AddArgs),
    /// List the people of a site
    List(ListArgs),
    /// Change somebody; what is left out stays as it is, and an empty text takes away
    Set(SetArgs),
    /// Somebody leaves a site: they are told no more, leave its teams, and their open cases go to others
    ///
    /// Prints what that touches: cases, rules, touchpoints, people. Who left stays known, since what they did names them. `counterbell staff add` brings them back.
    Remove(RemoveArgs),
}

/// What is known of a person.
#[derive(Args)]
struct PersonArgs {
    /// Their name
    #[arg(long)]
    name: Option<String>,
    /// Language of their mails: ar, de, en, es, fr, ja, pt, or a variety such as de-AT; English when none is given
    #[arg(long, value_name = "TAG")]
    language: Option<String>,
    /// Their time zone, an IANA name such as Europe/Berlin; the site's when none is given
    #[arg(long, value_name = "NAME")]
    zone: Option<String>,
    /// E-mail address of their manager, who belongs to the site
    #[arg(long, value_name = "EMAIL")]
    manager: Option<String>,
    /// First day of an absence (YYYY-MM-DD), in their time zone
    #[arg(long, value_name = "DATE")]
    absent_from: Option<String>,
    /// Last day of it; without one it has no end yet
    #[arg(long, value_name = "DATE")]
    absent_to: Option<String>,
    /// Another address by which they are known when they write; repeat for more. All other addresses are replaced
    #[arg(long = "alias", value_name = "EMAIL")]
    aliases: Vec<String>,
}

#[derive(Args)]
pub struct AddArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Their e-mail address
    #[arg(long, value_name = "EMAIL", value_parser = parse_email)]
    email: EmailAddress,
    #[command(flatten)]
    person: PersonArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct SetArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Any of their e-mail addresses
    #[arg(long, value_name = "EMAIL", value_parser = parse_email)]
    email: EmailAddress,
    #[command(flatten)]
    person: PersonArgs,
    /// They are back, or will be there after all
    #[arg(long, conflicts_with_all = ["absent_from", "absent_to"])]
    not_absent: bool,
    /// The address that mail goes to from now on; the one before stays as an alias, unless --alias names all
    #[arg(long = "main", value_name = "EMAIL", value_parser = parse_email)]
    main_address: Option<EmailAddress>,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct RemoveArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Any of their e-mail addresses
    #[arg(long, value_name = "EMAIL", value_parser = parse_email)]
    email: EmailAddress,
    /// Only say what their leaving touches
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Args)]
pub struct ListArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Show those who left, too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// Whoever may use the command line may change everybody.
pub fn operator() -> Asker {
    Asker { by: By::operator(), sites: None }
}

/// On one line, each fault with the argument that it is about.
pub fn refused(refused: Refused) -> CliError {
    let flag = |error: &FieldError| {
        let member = error.pointer.split('/').nth(1).unwrap_or_default();
        let flag = match member {
            "manager_id" => "--manager".to_owned(),
            "aliases" => "--alias".to_owned(),
            "members" => "--member".to_owned(),
            "" | "email" => return error.detail.clone(),
            other => format!("--{}", other.replace('_', "-")),
        };
        format!("{flag}: {}", error.detail.replace("absent_from", "--absent-from").replace("absent_to", "--absent-to"))
    };
    CliError::Usage(match refused {
        Refused::InvalidPerson(errors) | Refused::InvalidTeam(errors) => {
            errors.iter().map(flag).collect::<Vec<_>>().join("; ")
        }
        Refused::AddressTaken(email) => {
            format!("{email} is another person's: change that person, or take the address away from them first")
        }
        Refused::TeamNeeded => {
            "every site keeps the team \"alerts\": `counterbell team set alerts --no-members` has nobody told"
                .to_owned()
        }
        Refused::NoSuchPerson => "nobody of that number belongs to the site".to_owned(),
        Refused::SharedPerson => "the person belongs to another site, too".to_owned(),
    })
}

impl PersonArgs {
    /// What the API would be sent.
    fn members(&self, manager: impl FnOnce(&str) -> Result<i64, CliError>) -> Result<Map<String, Value>, CliError> {
        let texts = [
            ("name", &self.name),
            ("language", &self.language),
            ("zone", &self.zone),
            ("absent_from", &self.absent_from),
            ("absent_to", &self.absent_to),
        ];
        let given = texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), or_null(text.as_deref()?))));
        let mut members: Map<_, _> = given.collect();
        if let Some(email) = &self.manager {
            let id = if email.is_empty() { Value::Null } else { manager(email)?.into() };
            members.insert("manager_id".to_owned(), id);
        }
        if !self.aliases.is_empty() {
            let aliases: Vec<_> = self.aliases.iter().filter(|alias| !alias.is_empty()).collect();
            members.insert("aliases".to_owned(), json!(aliases));
        }
        Ok(members)
    }
}

fn or_null(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { text.into() }
}

impl StaffCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Add(args) => args.run(),
            Self::List(args) => args.run(),
            Self::Set(args) => args.run(),
            Self::Remove(args) => args.run(),
        }
    }
}

impl AddArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let mut members = self.person.members(|email| self.site.person(&mut conn, site_id, email))?;
        members.insert("email".to_owned(), self.email.as_str().into());
        let new = NewPerson::parse(Value::from(members).to_string().as_bytes());
        let new = new.map_err(|errors| refused(Refused::InvalidPerson(errors)))?;
        let now = UnixMillis::now().0;
        let added = dialect::write_transaction(&mut conn, |conn| staff::add(conn, site_id, &new, &operator(), now))?;
        print(&mut conn, site_id, &added.map_err(refused)?.view, self.output)
    }
}

impl SetArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let person_id = self.site.person(&mut conn, site_id, self.email.as_str())?;
        let mut members = self.person.members(|email| self.site.person(&mut conn, site_id, email))?;
        if let Some(email) = &self.main_address {
            members.insert("email".to_owned(), email.as_str().into());
        }
        if self.not_absent {
            members.extend(["absent_from", "absent_to"].map(|name| (name.to_owned(), Value::Null)));
        }
        let patch = PersonPatch::parse(Value::from(members).to_string().as_bytes());
        let patch = patch.map_err(|errors| refused(Refused::InvalidPerson(errors)))?;
        let now = UnixMillis::now().0;
        let changed = dialect::write_transaction(&mut conn, |conn| {
            staff::change(conn, site_id, person_id, &patch, &operator(), now)
        })?;
        print(&mut conn, site_id, &changed.map_err(refused)?, self.output)
    }
}

impl RemoveArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let person_id = self.site.person(&mut conn, site_id, self.email.as_str())?;
        let now = UnixMillis::now().0;
        let touched = dialect::write_transaction(&mut conn, |conn| match self.dry_run {
            true => Ok(staff::leaving(conn, site_id, person_id)?.ok_or(Refused::NoSuchPerson)),
            false => staff::leave(conn, site_id, person_id, &operator(), now),
        })?;
        let touched = touched.map_err(refused)?;
        let people = staff::list(&mut conn, site_id, true, now)?;
        let found = people.iter().find(|person| person.person_id == person_id);
        let person = found.ok_or_else(|| refused(Refused::NoSuchPerson))?;
        let text = format!("{}{}", person_text(person, &people), touched_text(&touched, &people, self.dry_run));
        self.output.print(&Left { person, leaving: &touched }, &text)?;
        if self.dry_run { Ok(()) } else { warn_of_gaps(&mut conn, site_id) }
    }
}

#[derive(Serialize)]
struct Left<'a> {
    #[serde(flatten)]
    person: &'a PersonView,
    leaving: &'a LeavingView,
}

/// What their leaving touches, for people.
fn touched_text(touched: &LeavingView, staff: &[PersonView], dry_run: bool) -> String {
    let LeavingView { open_cases, rules, touchpoints, manager_of, teams } = touched;
    let managed = staff.iter().filter(|person| manager_of.contains(&person.person_id));
    let managed: Vec<_> = managed.map(|person| person.email.clone()).collect();
    let mut lines = Vec::new();
    if *open_cases > 0 {
        let cases = counted(*open_cases, "open case goes back", "open cases go back");
        lines.push(format!("{cases}: nobody has them then, and others are told as soon as a server runs"));
    }
    for (told, names) in [
        ("Rules that name them, and tell nobody by that any more", rules),
        ("Touchpoints without an owner by that", touchpoints),
        ("Without a manager by that", &managed),
        ("Teams that they leave", teams),
    ] {
        if !names.is_empty() {
            lines.push(format!("{told}: {}", names.join(", ")));
        }
    }
    let head = if dry_run { "Nothing was changed. Their leaving touches:" } else { "Their leaving touches:" };
    match lines.is_empty() {
        true => format!("{head} nothing\n"),
        false => format!("{head}\n    {}\n", lines.join("\n    ")),
    }
}

impl ListArgs {
    fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let people = staff::list(&mut conn, site_id, self.all, UnixMillis::now().0)?;
        let text: String = people.iter().map(|person| person_text(person, &people)).collect();
        let text = if text.is_empty() { "No staff yet: `counterbell staff add` adds some.".to_owned() } else { text };
        self.output.print(&people, &text)
    }
}

fn print(conn: &mut AnyConnection, site_id: i64, person: &PersonView, output: OutputArgs) -> Result<(), CliError> {
    let staff = staff::list(conn, site_id, true, UnixMillis::now().0)?;
    output.print(person, &person_text(person, &staff))
}

/// For people; `staff` has the addresses of managers.
fn person_text(person: &PersonView, staff: &[PersonView]) -> String {
    let manager = staff.iter().find(|other| Some(other.person_id) == person.manager_id);
    let absent = person.absent_from.as_ref().map(|from| match &person.absent_to {
        Some(to) => format!("{from} to {to}"),
        None => format!("from {from} on"),
    });
    let list = |items: &[String]| (!items.is_empty()).then(|| items.join(", "));
    let lines = [
        ("also", list(&person.aliases)),
        ("language", person.language.clone()),
        ("time zone", person.zone.clone()),
        ("manager", manager.map(|manager| manager.email.clone())),
        ("absent", absent),
        ("teams", list(&person.teams)),
        ("left", person.left_at.map(|at| at.to_string())),
    ];
    let lines: String =
        lines.into_iter().filter_map(|(name, value)| value.map(|value| format!("    {name:<12}{value}\n"))).collect();
    let name = person.name.as_ref().map(|name| format!("  {name}")).unwrap_or_default();
    format!("{}{name}  (person {})\n{lines}", person.email, person.person_id)
}
