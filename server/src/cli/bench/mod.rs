//! `counterbell bench`, hidden: what `cargo xtask bench` cannot do from outside.

mod explain;
mod floor;
mod reviews;
mod rows;
mod size;

use clap::Subcommand;

use super::CliError;

/// For `cargo xtask bench`
#[derive(Subcommand)]
pub enum BenchCommand {
    Explain(explain::ExplainArgs),
    Floor(floor::FloorArgs),
    Rows(rows::RowsArgs),
    Size(size::SizeArgs),
}

impl BenchCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Explain(args) => args.run(),
            Self::Floor(args) => args.run(),
            Self::Rows(args) => args.run(),
            Self::Size(args) => args.run(),
        }
    }
}
