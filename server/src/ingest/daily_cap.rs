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

/// One response was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    which: Cap,
    day: i64,
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
    pub fn take(&self, site: &Site, which: Cap, now: UnixMillis) -> Result<Taken, CapReached> {
        let counted = Taken { which, day: now.day() };
        let Some(cap) = site.limits.daily_cap else { return Ok(counted) };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (day, taken) = counts.entry((site.id, which)).or_default();
        if *day != counted.day {
            (*day, *taken) = (counted.day, 0);
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
        Ok(counted)
    }

    /// Takes the count of a response back that was not stored: from the day it was counted on, even if that is over.
    pub fn give_back(&self, site: &Site, counted: Taken) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((day, taken)) = counts.get_mut(&(site.id, counted.which))
            && *day == counted.day
        {
            *taken = (*taken - 1).max(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::sites::Limits;
    use crate::db::test_database::a_site;

    const MIDNIGHT: i64 = 20_000 * DAY_MS;

    fn capped(cap: i32) -> Site {
        Site { limits: Limits { daily_cap: Some(cap), ..Limits::default() }, ..a_site() }
    }

    /// How many more `site` takes at this time.
    fn left(caps: &DailyCaps, site: &Site, now: i64) -> usize {
        (0..10).take_while(|_| caps.take(site, Cap::Customers, UnixMillis(now)).is_ok()).count()
    }

    #[test]
    fn what_is_given_back_belongs_to_its_day() {
        let (caps, site) = (DailyCaps::default(), capped(3));
        let late = caps.take(&site, Cap::Customers, UnixMillis(MIDNIGHT - 1)).unwrap();
        let early = caps.take(&site, Cap::Customers, UnixMillis(MIDNIGHT)).unwrap();

        caps.give_back(&site, late);
        assert_eq!(left(&caps, &site, MIDNIGHT + 1), 2);

        caps.give_back(&site, early);
        assert_eq!(left(&caps, &site, MIDNIGHT + 2), 1);
    }

    #[test]
    fn no_more_is_given_back_than_was_taken() {
        let (caps, site) = (DailyCaps::default(), capped(3));
        let taken = caps.take(&site, Cap::Customers, UnixMillis(MIDNIGHT)).unwrap();

        for _ in 0..3 {
            caps.give_back(&site, taken);
        }

        assert_eq!(left(&caps, &site, MIDNIGHT), 3);
        let uncapped = a_site();
        let taken = caps.take(&uncapped, Cap::Held, UnixMillis(MIDNIGHT)).unwrap();
        caps.give_back(&uncapped, taken);
        assert_eq!(left(&caps, &uncapped, MIDNIGHT), 10);
    }
}
