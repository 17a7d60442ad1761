//! What a mail about touchpoints says.

use std::collections::BTreeSet;
use std::sync::Arc;

use counterbell_shared::time::day_to_date;

use super::{Fall, Noticed};
use crate::mail::letter::{Block, Letter};
use crate::mail::marks::Marks;
use crate::mail::people::{Reader, Site};
use crate::mail::visible::{isolated, shown, visible};
use crate::rules::Scores;

/// What the mail is made of.
#[derive(Clone, Debug)]
pub struct TouchpointContent {
    /// Where they belong.
    pub site: Arc<Site>,
    /// Whom it is for.
    pub reader: Reader,
    /// What has to be seen first.
    pub marks: Marks,
    /// How many touchpoints.
    pub count: usize,
    /// Those that are named.
    pub places: Vec<Place>,
    /// Which rule looks after them.
    pub rule: String,
    /// Why the reader gets it.
    pub why: String,
}

/// A touchpoint.
#[derive(Clone, Debug)]
pub struct Place {
    /// What it is called; `None` of the one that stands for none.
    pub name: Option<String>,
    /// What was noticed.
    pub noticed: Noticed,
}

impl TouchpointContent {
    /// The letter. `number`: by which people find the message.
    pub fn letter(&self, number: &str) -> Letter {
        let Self { site, reader, .. } = self;
        let (language, texts) = (reader.language, &reader.language.texts().touchpoints);
        let fell = self.places.first().is_some_and(|place| place.noticed.fall.is_some());
        let news = if fell { &texts.fallen } else { &texts.silent };
        // Scores can fall on several metrics at one touchpoint.
        let named: BTreeSet<_> = self.places.iter().map(|place| &place.noticed.touchpoint).collect();
        let touchpoints = (self.count + named.len()).saturating_sub(self.places.len());
        let count = touchpoints.to_string();
        let headline = match &self.places[..] {
            [Place { name: Some(name), .. }, ..] if touchpoints == 1 => {
                language.fill(news.headline_at, &[("place", &shown(name))])
            }
            [Place { name: None, .. }, ..] if touchpoints == 1 => news.headline.to_owned(),
            _ => language.fill(news.headline_many, &[("count", &count)]),
        };

        let mut blocks = vec![Block::Text(news.detail.to_owned())];
        let rows = self.places.iter().map(|place| self.row(place));
        if fell {
            // Long ones: beside them a name in front would be broken up.
            blocks.extend(rows.map(Block::Text));
        } else {
            blocks.push(Block::Rows(rows.map(|row| (language.texts().rows.place, row)).collect()));
        }
        let more = self.count - self.places.len().min(self.count);
        if more > 0 {
            blocks.push(Block::Text(language.fill(texts.more, &[("count", &more.to_string())])));
        }
        blocks.push(Block::Heading(texts.look.to_owned()));
        let many = (self.count > 1).then_some(texts.many);
        let look = if fell {
            vec![texts.comments]
        } else {
            [many, Some(texts.page), Some(texts.device), Some(texts.server)].into_iter().flatten().collect()
        };
        blocks.extend(look.into_iter().map(|line| Block::Text(line.to_owned())));
        blocks.push(Block::Soft(language.texts().buttons.no_case.to_owned()));
        let again = if fell { texts.fallen_again } else { texts.silent_again };
        blocks.push(Block::Soft(language.fill(again, &[("rule", &shown(&self.rule))])));

        let site_name = isolated(visible(&site.name));
        Letter {
            language,
            subject: self.marks.subject(language, &headline, &site_name),
            site: site_name,
            headline,
            marks: self.marks.notes(language),
            blocks,
            footer: vec![self.why.clone(), language.fill(language.texts().message, &[("number", number)])],
        }
    }

    fn row(&self, place: &Place) -> String {
        let (language, texts) = (self.reader.language, self.reader.language.texts());
        let name = place.name.as_deref().map_or_else(|| isolated(visible(&self.site.name)), shown);
        let value = match (place.noticed.fall, place.noticed.last_day) {
            (Some(Fall { metric, before, now }), _) => language.fill(
                texts.touchpoints.fall,
                &[
                    ("metric", texts.metric(metric).name),
                    ("now", &mean(now)),
                    ("now_count", &now.count.to_string()),
                    ("before", &mean(before)),
                    ("before_count", &before.count.to_string()),
                ],
            ),
            (None, Some(day)) => language.fill(texts.touchpoints.last, &[("date", &day_to_date(day.into()))]),
            (None, None) => texts.touchpoints.never.to_owned(),
        };
        language.fill(texts.row, &[("name", &name), ("value", &value)])
    }
}

/// With two places, as people compare them.
fn mean(scores: Scores) -> String {
    format!("{:.2}", scores.mean())
}
