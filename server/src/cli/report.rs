//! `counterbell report`.

use clap::Args;
use clap::builder::PossibleValuesParser;
use counterbell_shared::time::UnixMillis;
use strum::VariantArray as _;

use super::CliError;
use super::of_site::SiteArgs;
use super::output::OutputArgs;
use super::table::{duration_text, table, time};
use crate::casework::{By, LoopFigures, LoopGroupView, LoopView, loop_figures};
use crate::counted::counted;

/// How many cases there are, and how fast they are taken, answered and resolved
///
/// Of the cases that were opened in a time, as the server has them now: how many, how many are open and late, and how long it
/// took from opening until somebody acknowledged, the customer was first answered, and the case was first resolved: in half of
/// them, and in nine of ten. Times are those of the clock on the wall, as the customer waited; "in time" goes by opening hours.
#[derive(Args)]
pub struct ReportArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Cases opened at or after: an RFC 3339 time, or a date
    #[arg(long, value_name = "TIME", value_parser = time)]
    from: Option<UnixMillis>,
    /// Cases opened before
    #[arg(long, value_name = "TIME", value_parser = time)]
    to: Option<UnixMillis>,
    /// Split by this
    #[arg(long, default_value = "none", value_parser = PossibleValuesParser::new(By::VARIANTS.iter().map(Into::<&str>::into)))]
    by: String,
    #[command(flatten)]
    output: OutputArgs,
}

impl ReportArgs {
    pub fn run(self) -> Result<(), CliError> {
        let (mut conn, site_id) = self.site.open()?;
        let by = self.by.parse().unwrap_or_default();
        let figures = loop_figures(&mut conn, &[site_id], (self.from, self.to), by, UnixMillis::now().0)?;
        self.output.print(&figures, &text(&figures))
    }
}

const HEAD: [&str; 14] = [
    "",
    "opened",
    "open",
    "late to take",
    "late to answer",
    "resolved",
    "reopened",
    "nothing to do",
    "acknowledged",
    "in time",
    "answered",
    "in time",
    "resolved in",
    "9 of 10",
];

fn text(view: &LoopView) -> String {
    let groups = view.groups.iter().map(|group| row(name(group), &group.figures));
    let rows: Vec<_> = groups.chain([row("all".to_owned(), &view.total)]).collect();
    let more = match view.groups_left_out {
        0 => String::new(),
        more => format!("and {}, each with fewer cases\n", counted(more, "other", "others")),
    };
    format!(
        "{}{more}Acknowledged, answered, resolved in: half of the cases took no longer, from opening on. 9 of 10: nine in ten \
         were resolved within that time.\n",
        table(&HEAD, &rows)
    )
}

fn name(group: &LoopGroupView) -> String {
    let label = group.label.as_ref().or(group.name.as_ref());
    label.cloned().unwrap_or_else(|| "none".to_owned())
}

fn row(name: String, figures: &LoopFigures) -> Vec<String> {
    let took = |ms: Option<i64>| ms.map_or_else(|| "-".to_owned(), duration_text);
    let share = |percent: Option<f64>| percent.map_or_else(|| "-".to_owned(), |percent| format!("{percent:.0} %"));
    let mut row = vec![name];
    row.extend(
        [
            figures.opened,
            figures.open,
            figures.overdue_acknowledge,
            figures.overdue_answer,
            figures.resolved,
            figures.reopened,
            figures.nothing_to_do,
        ]
        .map(|count| count.to_string()),
    );
    row.extend([
        took(figures.acknowledge.span.median_ms),
        share(figures.acknowledge.in_time_percent),
        took(figures.first_answer.span.median_ms),
        share(figures.first_answer.in_time_percent),
        took(figures.resolve.median_ms),
        took(figures.resolve.p90_ms),
    ]);
    row
}
