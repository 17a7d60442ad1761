//! `counterbell bench`, hidden: what `cargo xtask bench` cannot do from outside.

mod floor;
mod reviews;

use clap::Subcommand;

use super::CliError;

/// For `cargo xtask bench`
#[derive(Subcommand)]
pub enum BenchCommand {
    Floor(floor::FloorArgs),
}

impl BenchCommand {
    pub fn run(self) -> Result<(), CliError> {
        match self {
            Self::Floor(args) => args.run(),
        }
    }
}
