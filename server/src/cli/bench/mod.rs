//! `counterbell bench`, hidden: what `cargo xtask bench` cannot do from outside.

mod floor;
mod reviews;
mod rows;
mod size;

use clap::Subcommand;

use super::CliError;

/// For `cargo xtask bench`
#[derive(Subcommand)]
pub enum BenchCommand {
    Floor(floor::FloorArgs),
    Rows(rows::RowsArgs),
    Size(size::SizeArgs),
}

impl BenchCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Floor(args) => args.run(),
            Self::Rows(args) => args.run(),
            Self::Size(args) => args.run(),
        }
    }
}
