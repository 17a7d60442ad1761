//! Touchpoints that nobody registered, and responses name.

use std::cmp::Reverse;
use std::collections::HashSet;

use counterbell_shared::time::day_to_date;
use diesel::QueryResult;
use serde::Serialize;
use utoipa::ToSchema;

use crate::db::AnyConnection;
use crate::db::named_touchpoints::{Named, NamedTouchpoints, ROWS_MAX};
use crate::db::touchpoints::Touchpoint;

/// Most of them that are listed, those with most responses first; the others count as one. Whoever makes names up cannot make
/// the list useless: such a name has a response or two, and a touchpoint of the shop's has many.
pub const NEW_MAX: usize = 200;

/// How often responses name a touchpoint, suspected spam aside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Count {
    /// The first day (UTC) on which one did; `null` without any.
    pub first_day: Option<String>,
    /// The last one.
    pub last_day: Option<String>,
    /// How many did.
    pub responses: i64,
}

/// A touchpoint that nobody registered.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct NewTouchpoint {
    /// As responses name it.
    pub name: String,
    #[serde(flatten)]
    pub count: Count,
}

/// Those beyond the limit.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OtherTouchpoints {
    /// How many they are.
    pub touchpoints: usize,
    #[serde(flatten)]
    pub count: Count,
}

/// Touchpoints that nobody registered.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewTouchpoints {
    /// Up to 200; those with most responses first, then by name.
    pub new: Vec<NewTouchpoint>,
    /// All beyond those, as one; `null` without any.
    pub others: Option<OtherTouchpoints>,
    /// The oldest day (UTC) on which responses were counted, perhaps not all of that day; `null` when all there are were.
    pub counted_from: Option<String>,
}

impl Count {
    pub(super) fn of(named: Named) -> Self {
        let date = |day: i32| Some(day_to_date(day.into()));
        Self { first_day: date(named.first_day), last_day: date(named.last_day), responses: named.responses }
    }
}

impl NewTouchpoints {
    /// Those of a site, and what is known of all that responses name.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64) -> QueryResult<(Self, NamedTouchpoints)> {
        let registered = Touchpoint::names(conn, site_id)?.into_iter().collect();
        let named = NamedTouchpoints::load(conn, site_id, ROWS_MAX)?;
        Ok((Self::of(&named, &registered), named))
    }

    fn of(named: &NamedTouchpoints, registered: &HashSet<String>) -> Self {
        let unknown = named.by_name.iter().filter(|(name, named)| !registered.contains(*name) && named.responses > 0);
        let mut unknown: Vec<(&String, &Named)> = unknown.collect();
        unknown.sort_unstable_by_key(|(name, named)| (Reverse(named.responses), *name));
        let others = unknown.split_off(NEW_MAX.min(unknown.len()));
        let new = |(name, named): (&String, &Named)| NewTouchpoint { name: name.clone(), count: Count::of(*named) };
        let sum = others.iter().map(|(_, named)| **named).reduce(|sum, one| Named {
            first_day: sum.first_day.min(one.first_day),
            last_day: sum.last_day.max(one.last_day),
            responses: sum.responses + one.responses,
        });
        Self {
            new: unknown.into_iter().map(new).collect(),
            others: sum.map(|sum| OtherTouchpoints { touchpoints: others.len(), count: Count::of(sum) }),
            counted_from: named.oldest_day.map(|day| day_to_date(day.into())),
        }
    }
}
