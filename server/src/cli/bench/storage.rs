//! Floors to measure a server against.

use clap::{Args, ValueEnum};

use crate::store::WriterSettings;

/// What `serve` does otherwise than for use.
#[derive(Args)]
pub struct StorageArgs {
    /// How responses are stored: anything but `group` is a floor to measure against
    #[arg(long, value_enum, default_value_t)]
    bench_storage: Storage,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Storage {
    /// One transaction for all that is queued, as for use.
    #[default]
    Group,
    /// One transaction for each response.
    Single,
    /// Answer without writing.
    Null,
}

impl StorageArgs {
    /// The settings for what is to be measured.
    pub fn change(&self, settings: WriterSettings) -> WriterSettings {
        match self.bench_storage {
            Storage::Group => settings,
            Storage::Single => WriterSettings { batch_max: 1, ..settings },
            Storage::Null => {
                tracing::warn!("Responses are NOT stored: --bench-storage null");
                WriterSettings { stores: false, ..settings }
            }
        }
    }
}
