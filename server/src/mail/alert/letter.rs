//! What an alert mail says.

use counterbell_shared::time::UnixMillis;

use super::content::AlertContent;
use crate::mail::answered::{earlier_blocks, rows, said, score_block, score_text, voice};
use crate::mail::letter::{Block, Letter};
use crate::mail::links::{Action, Signer, Target, case_buttons, test_button};
use crate::mail::reply::Reply;
use crate::mail::visible::{isolated, shown, visible};
use crate::mail::words::Room;

impl AlertContent {
    /// The letter, and whether a reply reaches whoever answered. `number`: by which people find the message. `None` when the
    /// response's row is corrupt.
    pub fn letter(&self, signer: Option<&Signer>, number: &str, smtputf8: bool) -> Option<(Letter, Reply)> {
        let Self { site, reader, response, .. } = self;
        let (language, texts) = (reader.language, reader.language.texts());
        let (score, voice) = (response.score()?, voice(response, texts));
        let place = self.place.as_deref().map(shown);
        let headline = match (score.is_unhappy(), &place) {
            (true, Some(_)) => voice.unhappy_at,
            (true, None) => voice.unhappy,
            (false, Some(_)) => voice.new_at,
            (false, None) => voice.new,
        };
        let headline = language.fill(headline, &[("place", place.as_deref().unwrap_or_default())]);
        let given = score_text(language, score.value(), score.metric().scale().max);
        let what = language.fill(texts.headline_score, &[("headline", &headline), ("score", &given)]);
        let contact = response.contact_email.as_deref().filter(|_| site.personal);
        let reply = Reply::of(contact, smtputf8);
        let mut room = Room::default();

        let mut blocks = vec![score_block(language, score)];
        if site.personal {
            blocks.extend(said(language, response.comment.as_deref(), &self.answers, &mut room));
        } else {
            let kept_out = if self.case.is_some() { texts.kept_out } else { texts.kept_out_no_case };
            blocks.push(Block::Soft(kept_out.to_owned()));
        }
        if !response.complete {
            blocks.push(Block::Soft(voice.unfinished.to_owned()));
        }
        blocks.extend(reply.notice(language, voice));
        blocks.extend(match self.case {
            Some(case) => case_buttons(signer, case, reader, &Action::ALL, (&reply, voice)),
            None if self.marks.test => {
                let subject_id = response.response_id.as_slice().try_into().ok();
                let target = subject_id.map(|subject_id| Target { site_id: site.id, subject_id, generation: 0 });
                vec![test_button(signer, target, reader)]
            }
            None => vec![Block::Soft(texts.buttons.no_case.to_owned())],
        });
        let mut facts = rows(reader, response, score, self.place.as_deref(), site.personal);
        facts.extend(self.case.map(|case| (texts.rows.case, case.number.to_string())));
        for (name, due) in [texts.rows.acknowledge_by, texts.rows.answer_by].into_iter().zip(self.due) {
            facts.extend(due.map(|due| (name, reader.zone.minute(UnixMillis(due)))));
        }
        blocks.push(Block::Rows(facts));
        blocks.extend(earlier_blocks(reader, voice, &self.earlier, site.personal, &mut room));

        let site_name = isolated(visible(&site.name));
        let [why, also_told] = self.why.clone();
        let letter = Letter {
            language,
            subject: self.marks.subject(language, &what, &site_name),
            site: site_name,
            headline,
            marks: self.marks.notes(language),
            blocks,
            footer: vec![why, also_told, language.fill(texts.message, &[("number", number)])],
        };
        Some((letter, reply))
    }
}
