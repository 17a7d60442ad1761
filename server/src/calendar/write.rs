//! From a calendar to its document.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::parse::{ALWAYS, WEEKDAYS};
use super::{Calendar, OpeningHours};

/// As [`Calendar::parse`] reads it; days of the week in their order, closed days sorted and joined.
impl Serialize for Calendar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let hours = match self {
            Self::Always => return serializer.serialize_str(ALWAYS),
            Self::Hours(hours) => hours,
        };
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("hours", &Week(hours))?;
        if hours.closed().count() > 0 {
            map.serialize_entry("closed", &hours.closed().written().collect::<Vec<_>>())?;
        }
        map.end()
    }
}

impl Calendar {
    /// The document, as it is stored: the same for calendars that are the same.
    pub fn to_document(&self) -> String {
        serde_json::to_string(self).expect("a calendar is texts in lists and maps with texts for keys")
    }
}

struct Week<'a>(&'a OpeningHours);

impl Serialize for Week<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let days = WEEKDAYS.iter().zip(self.0.week()).filter(|(_, spans)| !spans.is_empty());
        serializer
            .collect_map(days.map(|(day, spans)| (day, spans.iter().map(ToString::to_string).collect::<Vec<_>>())))
    }
}
