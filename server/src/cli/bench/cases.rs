//! `counterbell bench cases`: open cases, some of which have a step of escalation due.

use clap::Args;
use counterbell_shared::Metric;
use counterbell_shared::time::UnixMillis;
use diesel::QueryResult;
use serde_json::json;

use super::super::CliError;
use super::super::key::find_site;
use super::super::output::OutputArgs;
use crate::cases::{level_of, open_or_join};
use crate::config::CommonSettings;
use crate::db::dialect::{insert_responses, write_transaction};
use crate::db::migrations::open_up_to_date;
use crate::db::responses::{NewResponseRow, ResponseRow};
use crate::db::{AnyConnection, SharedText, journal};
use crate::ids::new_id;
use crate::rules::{UNHAPPY, VersionedRule};
use crate::sites::load_rules;

/// Cases of one transaction.
const CHUNK: u64 = 500;

/// Store unhappy responses with an open case each, as the rule "unhappy" opens them
#[derive(Args)]
pub struct CasesArgs {
    /// Site the cases belong to
    #[arg(long, value_name = "SITE_KEY")]
    site: String,
    /// How many are open, and wait for their first step
    #[arg(long, value_name = "N")]
    open: u64,
    /// Of how many more that step is due now
    #[arg(long, value_name = "N", default_value_t = 0)]
    due: u64,
    #[command(flatten)]
    common: CommonSettings,
    #[command(flatten)]
    output: OutputArgs,
}

impl CasesArgs {
    pub fn run(self) -> Result<(), CliError> {
        let mut conn = open_up_to_date(&self.common.database_url()?)?;
        let site_id = find_site(&mut conn, &self.site)?.id;
        let rules = load_rules(&mut conn, site_id, None)?;
        let rule =
            rules.named(UNHAPPY).ok_or_else(|| CliError::Usage(format!("the site has no rule \"{UNHAPPY}\"")))?;
        let now = UnixMillis::now().0;
        let first_step_ms = level_of(&rule.rule).steps_ms.first().copied().unwrap_or_default();
        let ages = [(self.open, 0), (self.due, first_step_ms)];
        for (cases, age_ms) in ages {
            for first in (0..cases).step_by(CHUNK as usize) {
                let count = CHUNK.min(cases - first);
                write_transaction(&mut conn, |conn| open_cases(conn, site_id, rule, count, now - age_ms))?;
            }
        }
        let text = format!("Opened {} cases, {} of them with a step due", self.open + self.due, self.due);
        self.output.print(&json!({ "open": self.open, "due": self.due }), &text)
    }
}

fn open_cases(conn: &mut AnyConnection, site_id: i64, rule: &VersionedRule, count: u64, at: i64) -> QueryResult<()> {
    let mut site = journal::lock(conn, site_id)?;
    for _ in 0..count {
        let id = new_id(UnixMillis(at));
        let row = NewResponseRow {
            site_id,
            response_id: *id.as_bytes(),
            touchpoint: "checkout".to_owned(),
            survey: SharedText(Metric::Csat.as_str().into()),
            survey_version: 1,
            metric: Metric::Csat.as_str(),
            score: 1,
            comment: Some("Nobody answered the telephone.".to_owned()),
            order_ref: None,
            customer_ref: None,
            contact_email: None,
            locale: None,
            page_url: None,
            channel: "web",
            created_at: at,
            received_at: at,
            held: None,
            answers: None,
            complete: true,
            revision: 1,
        };
        insert_responses(conn, &[&row])?;
        if let Some(response) = ResponseRow::find(conn, &[site_id], id)? {
            open_or_join(conn, &mut site, (&response, None), &[rule], at)?;
        }
    }
    Ok(())
}
