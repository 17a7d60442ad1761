//! What a rule says.

use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::condition::{Condition, When};
use super::{NoResponse, Period, QuietHours};

/// Name of the rule that every site starts with.
pub const UNHAPPY: &str = "unhappy";
/// Name of the rule about silent touchpoints that every site starts with.
pub const SILENT: &str = "silent";
/// The team of a site that is told when nobody else is there.
pub const ALERTS_TEAM: &str = "alerts";

/// A rule's document, every member valid. Serialized, it is a document that reads back as the same rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// A slug, unique within the site.
    pub name: String,
    /// What has to be the case.
    pub when: When,
    /// Who is told at once; at least one entry, at most one of them [`Who::RoundRobin`], and none [`Who::Manager`].
    pub who: Vec<Who>,
    /// Who is told when somebody of these is not there and has no manager who is; without turns and managers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fallback: Vec<Who>,
    /// By which ways they are told; at least one.
    pub how: Vec<How>,
    /// Whether each alert is told on its own.
    pub soon: Soon,
    /// When nobody is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// Whether it is told alone, however many others there are; never with [`Soon::Grouped`].
    pub urgent: bool,
    /// Open time within which somebody is to say "I have this".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledge_within: Option<Period>,
    /// Open time within which the customer is to be answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer_within: Option<Period>,
    /// Who is told when nobody acknowledges, the earliest step first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Whether a case is opened. Without one there are neither times within which nor steps.
    pub case: bool,
}

/// An entry of whom a rule tells.
#[derive(Clone, PartialEq, Eq)]
pub enum Who {
    /// A member of staff by address, in the form that `EmailAddress` gives it.
    Person(String),
    /// Every member of a team.
    Team(String),
    /// One member of a team, the next in turn who is there.
    RoundRobin(String),
    /// Whoever the touchpoint belongs to: its owner, else its team.
    Owner,
    /// The managers of those who were told so far.
    Manager,
}

/// A way to tell somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum How {
    /// By mail to the person's address.
    Mail,
}

impl How {
    /// Every way.
    pub const ALL: [(&str, Self); 1] = [("mail", Self::Mail)];
}

/// Whether each alert is told on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Soon {
    /// Each, however many there are.
    Now,
    /// The first of a window; the rest together when it ends.
    Grouped(Grouped),
}

/// How many alerts one person is told on their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Grouped {
    /// So many of each window; 1 to [`RULE_GROUPED_MAX`](counterbell_shared::limits::RULE_GROUPED_MAX).
    pub most: u32,
    /// How long the window is.
    #[serde(rename = "in")]
    pub window: Period,
}

impl Default for Grouped {
    /// Five in a quarter of an hour.
    fn default() -> Self {
        Self { most: 5, window: Period::minutes(15) }
    }
}

/// An escalation step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// When it is due.
    #[serde(flatten)]
    pub at: StepAt,
    /// Who is told then; at least one entry, at most one of them [`Who::RoundRobin`].
    pub who: Vec<Who>,
}

/// When an escalation step is due; in open time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepAt {
    /// So long after the case was opened.
    After(Period),
    /// So long before the case is due: see [`Rule::due_within`].
    BeforeDue(Period),
}

impl Rule {
    /// What every site starts with: the team [`ALERTS_TEAM`] hears of CSAT 1 and 2, NPS 0 to 6, CES 1 to 3 and
    /// expectation 1, again after 30 minutes without an acknowledgement, and their managers after two hours.
    pub fn unhappy() -> Self {
        let alerts = || vec![Who::Team(ALERTS_TEAM.to_owned())];
        let step = |minutes, who| Step { at: StepAt::After(Period::minutes(minutes)), who };
        Self {
            name: UNHAPPY.to_owned(),
            when: When::Response(Condition { unhappy: true, ..Condition::default() }),
            who: alerts(),
            fallback: Vec::new(),
            how: vec![How::Mail],
            soon: Soon::Grouped(Grouped::default()),
            quiet_hours: None,
            urgent: false,
            acknowledge_within: Some(Period::minutes(30)),
            answer_within: None,
            steps: vec![step(30, alerts()), step(120, vec![Who::Manager])],
            case: true,
        }
    }

    /// What every site starts with, too: the team [`ALERTS_TEAM`] hears when nothing comes from a touchpoint for three days.
    pub fn silent() -> Self {
        let no_response = NoResponse { touchpoints: Vec::new(), days: 3 };
        Self {
            name: SILENT.to_owned(),
            when: When::NoResponse { no_response },
            soon: Soon::Now,
            acknowledge_within: None,
            steps: Vec::new(),
            case: false,
            ..Self::unhappy()
        }
    }

    /// Open time after which a case is due for steps: to be acknowledged, else to be answered.
    pub fn due_within(&self) -> Option<Period> {
        due_within(self.acknowledge_within, self.answer_within)
    }
}

impl Rule {
    /// Its times that come before the end of a window: whoever waits for that is told earlier. Each by its member, with the
    /// window.
    pub fn due_before_window_ends(&self) -> Option<(Vec<String>, Period)> {
        let Soon::Grouped(Grouped { window, .. }) = self.soon else { return None };
        let is_sooner = |period: Period| period.as_ms() < window.as_ms();
        let limits = [("acknowledge_within", self.acknowledge_within), ("answer_within", self.answer_within)];
        let limits =
            limits.into_iter().filter(|(_, limit)| limit.is_some_and(is_sooner)).map(|(name, _)| name.to_owned());
        let within = self.due_within();
        let steps = self.steps.iter().enumerate().filter(|(_, step)| match step.at {
            StepAt::After(period) => is_sooner(period),
            StepAt::BeforeDue(period) => within.is_some_and(|due| due.as_ms() - period.as_ms() < window.as_ms()),
        });
        let sooner: Vec<_> = limits.chain(steps.map(|(place, _)| format!("steps/{place}"))).collect();
        (!sooner.is_empty()).then_some((sooner, window))
    }
}

pub(super) fn due_within(acknowledge: Option<Period>, answer: Option<Period>) -> Option<Period> {
    acknowledge.or(answer)
}

impl AsRef<Rule> for Rule {
    fn as_ref(&self) -> &Rule {
        self
    }
}

/// As JSON on one line.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Who {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Person(email) => map.serialize_entry("person", email)?,
            Self::Team(team) => map.serialize_entry("team", team)?,
            Self::RoundRobin(team) => map.serialize_entry("round_robin", team)?,
            Self::Owner => map.serialize_entry("owner", &true)?,
            Self::Manager => map.serialize_entry("manager", &true)?,
        }
        map.end()
    }
}

/// Never the address: a debug print may end in a log.
impl fmt::Debug for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(_) => f.write_str("Person(..)"),
            Self::Team(team) => write!(f, "Team({team:?})"),
            Self::RoundRobin(team) => write!(f, "RoundRobin({team:?})"),
            Self::Owner => f.write_str("Owner"),
            Self::Manager => f.write_str("Manager"),
        }
    }
}
