//! `counterbell case`.

mod act;
mod level;
mod show;

use clap::{Args, Subcommand};
use counterbell_shared::time::UnixMillis;

use super::CliError;
use super::of_site::SiteArgs;
use super::output::OutputArgs;
use crate::zone::Zone;

#[derive(Subcommand)]
pub enum CaseCommand {
    /// List cases: those that are not ended, the one that is due next first
    ///
    /// --state, --all and --newest list others, and in another order.
    List(show::ListArgs),
    /// Show a case with its responses and notes
    Show(OneArgs),
    /// Show what happened to a case: who did what, when, and by which means
    Timeline(OneArgs),
    /// "I have this": somebody of the staff takes cases that nobody has
    Acknowledge {
        #[command(flatten)]
        of: act::ManyArgs,
    },
    /// "I have this now", also when somebody else has it
    TakeOver {
        #[command(flatten)]
        of: act::OneArgs,
    },
    /// Give cases to somebody, or to a team
    Assign {
        #[command(flatten)]
        of: act::ManyArgs,
        #[command(flatten)]
        to: act::ToArgs,
    },
    /// "Somebody else should have this"
    NotForMe {
        #[command(flatten)]
        of: act::OneArgs,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Nobody has it any more: the steps of escalation begin anew
    Unacknowledge {
        #[command(flatten)]
        of: act::OneArgs,
    },
    /// Write a note, which the customer never sees
    Note {
        #[command(flatten)]
        of: act::OneArgs,
        /// What it says
        #[arg(long)]
        text: String,
        /// Somebody of the staff who is told of it; repeat for more
        #[arg(long = "mention", value_name = "EMAIL")]
        mentions: Vec<String>,
    },
    /// Say that somebody spoke with the customer: the customer is answered
    Spoke {
        #[command(flatten)]
        of: act::OneArgs,
        /// What was said
        #[arg(long)]
        text: Option<String>,
    },
    /// Wait for the customer: the answer clock stands still
    Wait {
        #[command(flatten)]
        of: act::OneArgs,
    },
    /// Say that the customer has answered: the clock goes on
    CustomerAnswered {
        #[command(flatten)]
        of: act::OneArgs,
        /// What the customer said
        #[arg(long)]
        text: Option<String>,
    },
    /// Say that what the customer wrote after the end needs nothing more
    DismissAnswer {
        #[command(flatten)]
        of: act::OneArgs,
    },
    /// Change how much cases matter
    Priority {
        #[command(flatten)]
        of: act::ManyArgs,
        /// low, normal, high or urgent
        #[arg(long = "to", value_name = "PRIORITY")]
        priority: String,
    },
    /// Remind the owner of a case later
    Remind {
        #[command(flatten)]
        of: act::OneArgs,
        /// When: an RFC 3339 time such as 2026-11-27T09:00:00+01:00
        #[arg(long, value_name = "TIME")]
        at: String,
    },
    /// Resolve cases: why the customers were unhappy, and what was done
    Resolve {
        #[command(flatten)]
        of: act::ManyArgs,
        /// One of the site's root causes; `counterbell root-cause list` shows them
        #[arg(long, value_name = "NAME")]
        root_cause: String,
        /// What was done, in your words
        #[arg(long, value_name = "TEXT")]
        action_taken: String,
    },
    /// End cases with nothing done: they stay out of the figures of root causes
    NothingToDo {
        #[command(flatten)]
        of: act::ManyArgs,
        /// test, spam, duplicate, no_complaint or unreachable
        #[arg(long, value_name = "WHY")]
        reason: String,
        /// Hold their responses back as spam: they count nowhere from then on
        #[arg(long)]
        mark_spam: bool,
    },
    /// Close resolved cases: nothing more is expected
    Close {
        #[command(flatten)]
        of: act::ManyArgs,
    },
    /// Open a case again: it was not put right
    Reopen {
        #[command(flatten)]
        of: act::OneArgs,
    },
    /// Let another case go on in the place of this one, with its responses
    Merge {
        #[command(flatten)]
        of: act::OneArgs,
        /// The number of the other case
        #[arg(long, value_name = "NUMBER")]
        into: i64,
    },
    /// Give a response of a case a case of its own
    Split {
        #[command(flatten)]
        of: act::OneArgs,
        /// The response
        #[arg(long, value_name = "ID")]
        response: String,
    },
    /// Have two cases name each other
    Link {
        #[command(flatten)]
        of: act::OneArgs,
        /// The number of the other case
        #[arg(long, value_name = "NUMBER")]
        other: i64,
    },
    /// Give open cases the service level that their rule has now
    ///
    /// A rule that is changed keeps the due times of cases that it opened before. This moves those that are not ended: first it
    /// prints how many it would move, and how many would be late by that; with --yes it does.
    ServiceLevel(level::LevelArgs),
    /// Let links to a case, in mails that were sent, open nothing any more
    RevokeLinks {
        #[command(flatten)]
        of: act::OneArgs,
    },
}

/// A case to look at.
#[derive(Args)]
pub struct OneArgs {
    /// The number of the case
    #[arg(value_name = "NUMBER")]
    number: i64,
    #[command(flatten)]
    site: SiteArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl CaseCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::List(args) => args.run(),
            Self::Show(args) => args.show(),
            Self::Timeline(args) => args.timeline(),
            Self::ServiceLevel(args) => args.run(),
            other => act::run(&other),
        }
    }
}

/// `2026-11-26 09:05`, by the clocks of the zone.
fn minute(zone: &Zone, at: UnixMillis) -> String {
    zone.minute(at).chars().take(16).collect()
}

fn no_case(number: i64, site_key: &str) -> CliError {
    CliError::Usage(format!("the site has no case {number}: `counterbell case list --site {site_key} --all` shows all"))
}
