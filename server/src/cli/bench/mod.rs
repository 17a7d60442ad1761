//! `counterbell bench`: what `cargo xtask bench` cannot do from outside. Only with the feature `bench`.

mod cases;
mod explain;
mod floor;
mod reviews;
mod rows;
mod size;
mod storage;

use clap::Subcommand;

pub use storage::StorageArgs;

use super::CliError;

/// For `cargo xtask bench`
#[derive(Subcommand)]
pub enum BenchCommand {
    Cases(cases::CasesArgs),
    Explain(explain::ExplainArgs),
    Floor(floor::FloorArgs),
    Rows(rows::RowsArgs),
    Size(size::SizeArgs),
}

impl BenchCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Cases(args) => args.run(),
            Self::Explain(args) => args.run(),
            Self::Floor(args) => args.run(),
            Self::Rows(args) => args.run(),
            Self::Size(args) => args.run(),
        }
    }
}
