//! What a mail about many alerts says.

use std::sync::Arc;

use counterbell_shared::Score;
use counterbell_shared::time::UnixMillis;

use crate::db::alert_groups::GroupKind;
use crate::links::Purpose;
use crate::mail::answered::score_text;
use crate::mail::letter::{Block, Button, Letter};
use crate::mail::links::{Signer, Target};
use crate::mail::marks::Marks;
use crate::mail::people::{Reader, Site};
use crate::mail::visible::{isolated, shown, visible};
use crate::mail::words::Room;

/// Touchpoints that are named.
const PLACES_MAX: usize = 10;
/// What one comment may take, in bytes.
const COMMENT_MAX_BYTES: usize = 2_000;

/// What a mail about a group of alerts needs to know of it.
#[derive(Clone, Debug)]
pub struct GroupFacts {
    /// What it tells of.
    pub kind: GroupKind,
    /// Where its link leads.
    pub target: Target,
    /// How many responses, or cases.
    pub count: i64,
    /// What their touchpoints are called, and how many came from each, most first; `None` of those that named none.
    pub places: Vec<(Option<String>, i64)>,
    /// The newest of them, the newest first.
    pub newest: Vec<Newest>,
}

/// One of the newest responses of a group.
#[derive(Clone, Debug)]
pub struct Newest {
    /// When it was given, in Unix ms.
    pub at: i64,
    /// What its touchpoint is called.
    pub place: Option<String>,
    /// The score.
    pub score: Score,
    /// In the customer's words.
    pub comment: Option<String>,
}

/// What the mail is made of.
#[derive(Clone, Debug)]
pub struct GroupContent {
    /// Where it belongs.
    pub site: Arc<Site>,
    /// Whom it is for.
    pub reader: Reader,
    /// The group.
    pub group: GroupFacts,
    /// Why the reader gets it.
    pub why: String,
}

impl GroupContent {
    /// The letter. `number`: by which people find the message.
    pub fn letter(&self, signer: Option<&Signer>, number: &str) -> Letter {
        let Self { site, reader, group, .. } = self;
        let (language, texts) = (reader.language, reader.language.texts());
        let count = group.count.to_string();
        let only_place = match &group.places[..] {
            [(Some(place), _)] => Some(shown(place)),
            _ => None,
        };
        let news = match group.kind {
            GroupKind::Alert => &texts.group.alerts,
            GroupKind::Escalated => &texts.group.not_taken,
            GroupKind::Overdue => &texts.group.not_answered,
            GroupKind::Left => &texts.group.left,
        };
        let headline = match &only_place {
            Some(place) => language.fill(news.headline_at, &[("place", place), ("count", &count)]),
            None => language.fill(news.headline, &[("count", &count)]),
        };

        let mut blocks = vec![Block::Text(news.detail.to_owned())];
        let page = signer.and_then(|signer| signer.address(Purpose::Group, group.target, reader));
        let button = |href| Block::Buttons(vec![Button { label: texts.buttons.open_group, href }]);
        blocks.extend(page.map(button));
        if only_place.is_none() {
            let named = group.places.iter().filter_map(|(place, count)| Some((place.as_deref()?, count)));
            let row = |(place, count): (&str, &i64)| {
                let (place, count) = (shown(place), count.to_string());
                (texts.rows.place, language.fill(texts.row, &[("name", &place), ("value", &count)]))
            };
            blocks.push(Block::Rows(named.take(PLACES_MAX).map(row).collect()));
        }
        blocks.push(Block::Heading(texts.group.newest.to_owned()));
        let mut room = Room::default();
        group.newest.iter().for_each(|one| blocks.extend(self.newest(one, &mut room)));
        if !site.personal {
            blocks.push(Block::Soft(texts.kept_out_no_case.to_owned()));
        }

        let site_name = isolated(visible(&site.name));
        Letter {
            language,
            subject: Marks::default().subject(language, &headline, &site_name),
            site: site_name,
            headline,
            marks: Vec::new(),
            blocks,
            footer: vec![self.why.clone(), language.fill(texts.message, &[("number", number)])],
        }
    }

    fn newest(&self, one: &Newest, room: &mut Room) -> Vec<Block> {
        let (language, zone) = (self.reader.language, &self.reader.zone);
        let row = |name: &str, value: &str| language.fill(language.texts().row, &[("name", name), ("value", value)]);
        let score = score_text(language, one.score.value(), one.score.metric().scale().max);
        let score = one.place.as_deref().map_or(score.clone(), |place| row(&shown(place), &score));
        let mut blocks = vec![Block::Text(row(&zone.minute(UnixMillis(one.at)), &score))];
        if let Some(comment) = one.comment.as_deref().filter(|_| self.site.personal) {
            blocks.push(Block::Words(room.take_some(comment, COMMENT_MAX_BYTES).0));
        }
        blocks
    }
}
