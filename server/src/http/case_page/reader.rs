//! Who reads a page, and how they are told times and names.

use actix_web::HttpRequest;
use actix_web::http::header::{AcceptLanguage, Header as _};
use counterbell_shared::time::UnixMillis;
use jiff::civil::{Date, time};

use super::texts::{Texts, texts_in};
use crate::cases::Clock;
use crate::db::staff::Member;
use crate::language::Language;
use crate::touchpoints::Hours;
use crate::zone::Zone;

/// When a reminder of a day comes, by the reader's clocks.
const MORNING_HOUR: i8 = 9;

/// Somebody of the staff, at one moment.
#[derive(Clone)]
pub struct Reader {
    /// In which they read.
    pub language: Language,
    /// What the page says in it.
    pub texts: &'static Texts,
    /// By whose clocks they are told times.
    pub zone: Zone,
    /// When they look, in Unix ms.
    pub now: i64,
    /// Their id.
    pub person_id: i64,
}

/// The first of the languages that a browser asks for.
pub fn browsers_language(request: &HttpRequest) -> Option<Language> {
    let accepted = AcceptLanguage::parse(request).map(|accepted| accepted.ranked()).unwrap_or_default();
    accepted.iter().filter_map(|language| language.item()).find_map(|language| Language::find(&language.to_string()))
}

impl Reader {
    /// Their own language and zone; where they chose none, the browser's language and the site's zone.
    pub fn new(member: &Member, site_zone: &str, browsers: Option<Language>, now: i64) -> Self {
        let language = member.language.as_deref().and_then(Language::find).or(browsers).unwrap_or_default();
        let zone = member.zone.as_deref().and_then(|zone| zone.parse().ok());
        let (texts, zone) = (texts_in(language), zone.unwrap_or_else(|| Zone::or_utc(site_zone)));
        Self { language, texts, zone, now, person_id: member.person_id }
    }

    /// A text with these values in it.
    pub fn fill(&self, text: &str, values: &[(&str, &str)]) -> String {
        self.language.fill(text, values)
    }

    /// `10:31` of today, `2026-11-24 10:31` of another day.
    pub fn time(&self, at: i64) -> String {
        let minute = self.zone.minute(UnixMillis(at));
        // Day, clock time, and what the page says once: the zone.
        let mut parts = minute.split(' ');
        let (day, clock) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if self.day(at) == self.day(self.now) { clock.to_owned() } else { format!("{day} {clock}") }
    }

    /// How long that is, in ms, by its two largest units: `2 h 5 min`. Less than a minute counts as one.
    pub fn duration(&self, ms: i64) -> String {
        let minutes = (ms / 60_000).max(1);
        let units = &self.texts.units;
        let parts = [(units.days, minutes / 1_440), (units.hours, minutes / 60 % 24), (units.minutes, minutes % 60)];
        let parts: Vec<_> = parts.into_iter().skip_while(|(_, n)| *n == 0).take(2).filter(|(_, n)| *n > 0).collect();
        let words = parts.into_iter().map(|(unit, n)| unit.replace("{n}", &n.to_string()));
        words.collect::<Vec<_>>().join(" ")
    }

    /// The day on their calendar.
    pub fn day(&self, at: i64) -> Date {
        self.zone.day_of(UnixMillis(at))
    }

    /// In the morning of a day (Unix ms).
    pub fn morning_of(&self, day: Date) -> i64 {
        let morning = day.to_datetime(time(MORNING_HOUR, 0, 0, 0)).to_zoned(self.zone.rules().clone());
        morning.map_or(UnixMillis::LAST.0, |morning| morning.timestamp().as_millisecond())
    }

    /// Tomorrow in the morning, or else when it opens next.
    pub fn next_morning(&self, hours: &Hours) -> i64 {
        hours.next_open(self.morning_of(self.day(self.now).tomorrow().unwrap_or(Date::MAX)))
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Thu 26 Nov 2026, 10:31 in Berlin.
    pub const NOW: i64 = 1_795_685_460_000;

    pub fn reader(language: Language) -> Reader {
        let (texts, zone) = (texts_in(language), "Europe/Berlin".parse().unwrap());
        Reader { language, texts, zone, now: NOW, person_id: 1 }
    }

    #[test]
    fn times_are_those_of_the_readers_clocks() {
        let reader = reader(Language::En);
        assert_eq!(reader.time(NOW), "10:31");
        assert_eq!(reader.time(NOW - 11 * 3_600_000), "2026-11-25 23:31");
        assert_eq!(reader.time(reader.next_morning(&always())), "2026-11-27 09:00");
    }

    #[test]
    fn durations_are_told_by_their_two_largest_units() {
        let reader = reader(Language::En);
        for (minutes, told) in [(0, "1 min"), (59, "59 min"), (60, "1 h"), (125, "2 h 5 min"), (1_445, "1 d")] {
            assert_eq!(reader.duration(minutes * 60_000), told);
        }
        assert_eq!(reader.duration(49 * 3_600_000), "2 d 1 h");
    }

    pub fn always() -> Hours {
        use crate::calendar::Calendar;
        use crate::touchpoints::Source;

        Hours { calendar: Calendar::Always, zone: "Europe/Berlin".parse().unwrap(), source: Source::None }
    }
}
