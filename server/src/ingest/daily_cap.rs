//! How many responses a site takes a day.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use counterbell_shared::time::{DAY_MS, UnixMillis};

use crate::db::sites::Site;

/// Counts each capped site's responses of the day (UTC), over this process and, every few seconds, over all.
#[derive(Debug, Default)]
pub struct DailyCaps(Mutex<HashMap<(i64, Cap), (i64, i64)>>);

/// Which cap a response counts towards; both are of the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cap {
    /// That of customers' responses.
    Customers,
    /// That of responses held back as suspected spam: they must not use up what customers may send.
    Held,
}

/// The day is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapReached {
    /// Seconds until the next day begins.
    pub seconds: u64,
}

impl DailyCaps {
    /// Counts one response to `site` towards `which`.
    ///
    /// # Errors
    /// [`CapReached`]; then nothing is counted.
    pub fn take(&self, site: &Site, which: Cap, now: UnixMillis) -> Result<(), CapReached> {
        let Some(cap) = site.limits.daily_cap else { return Ok(()) };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (day, taken) = counts.entry((site.id, which)).or_default();
        if *day != now.day() {
            (*day, *taken) = (now.day(), 0);
        }
        // What other processes stored, and this one before it started.
        if site.stored_today.day == *day {
            let stored = match which {
                Cap::Customers => site.stored_today.customers,
                Cap::Held => site.stored_today.held,
            };
            *taken = (*taken).max(stored);
        }
        if *taken >= i64::from(cap) {
            let rest = DAY_MS - now.0.rem_euclid(DAY_MS);
            return Err(CapReached { seconds: u64::try_from(rest / 1_000).unwrap_or(0) + 1 });
        }
        *taken += 1;
        Ok(())
    }

    /// Takes the count of a response back that was not stored.
    pub fn give_back(&self, site: &Site, which: Cap) {
        if site.limits.daily_cap.is_some()
            && let Some((_, taken)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&(site.id, which))
        {
            *taken -= 1;
        }
    }
}
