//! What a mail about a case says.

use std::sync::Arc;

use counterbell_shared::Score;
use counterbell_shared::time::UnixMillis;
use serde::Deserialize;

use crate::cases::State;
use crate::db::responses::ResponseRow;
use crate::mail::answered::{Earlier, earlier_blocks, order, said, score_block, voice};
use crate::mail::letter::{Block, Letter};
use crate::mail::links::{Action, CaseLink, Signer, case_buttons};
use crate::mail::marks::Marks;
use crate::mail::people::{Reader, Site};
use crate::mail::reply::Reply;
use crate::mail::texts::{News, Voice};
use crate::mail::visible::{isolated, shown, visible};
use crate::mail::words::Room;

/// What happened to a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// It was given to the reader, or to their team.
    Assigned,
    /// Somebody else has it now.
    TakenOver,
    /// Nobody has it any more.
    GivenBack,
    /// Who had it left, so nobody has it any more.
    OwnerLeft,
    /// Nobody has taken it yet.
    Escalated,
    /// A note names the reader.
    Mentioned,
    /// A note was written.
    Noted,
    /// The customer wrote.
    CustomerAnswered,
    /// The customer sent another unhappy response.
    ResponseJoined,
    /// Another case was merged into the reader's.
    CaseJoined,
    /// It is urgent now.
    Urgent,
    /// The reader wanted to be reminded.
    Reminder,
    /// The reader asked for a new link to it.
    Link,
    /// It was resolved or closed.
    Ended,
    /// It was not put right.
    Reopened,
    /// Another case goes on in its place.
    Merged,
    /// It was not taken, or the customer not answered, in time.
    Overdue,
}

/// A response of a case.
#[derive(Clone, Debug)]
pub struct Answered {
    /// As it is stored.
    pub response: ResponseRow,
    /// Its answers to further questions, as people read them: question and answer.
    pub answers: Vec<(String, String)>,
}

/// What a mail needs to know of a case. Times are Unix ms; texts are as they are stored.
#[derive(Clone, Debug)]
pub struct CaseFacts {
    /// What people call it by, and where its links lead.
    pub link: CaseLink,
    /// How far it is.
    pub state: State,
    /// It is urgent.
    pub urgent: bool,
    /// What whoever has it is called, harmless.
    pub owner: Option<String>,
    /// What its touchpoint is called.
    pub place: Option<String>,
    /// The score that it was opened for.
    pub score: Option<Score>,
    /// The response that it was opened for, if it is still stored.
    pub first: Option<Answered>,
    /// Of what came to it later, the newest.
    pub newest: Option<Answered>,
    /// When it was opened.
    pub opened_at: i64,
    /// By when somebody has to take it.
    pub acknowledge_by: Option<i64>,
    /// By when the customer has to be answered.
    pub answer_by: Option<i64>,
    /// The number of the case that goes on in its place.
    pub merged_into: Option<i64>,
    /// Why the customer was unhappy.
    pub root_cause: Option<String>,
    /// What was done about it.
    pub action_taken: Option<String>,
}

/// What a mail about a case is made of.
#[derive(Clone, Debug)]
pub struct CaseContent {
    /// Where it belongs.
    pub site: Arc<Site>,
    /// Whom it is for.
    pub reader: Reader,
    /// The case.
    pub case: CaseFacts,
    /// What happened to it.
    pub happened: Happened,
    /// What whoever did it is called, harmless; `None` when nobody did.
    pub by: Option<String>,
    /// It was given to a team, not to the reader alone.
    pub to_team: bool,
    /// The reader has it, or it was given to them; else they are told in the place of whoever that is.
    pub is_owner: bool,
    /// The number of another case that it tells of.
    pub other: Option<i64>,
    /// Since when nobody has it (Unix ms).
    pub since: Option<i64>,
    /// What staff wrote with it: a note, or a reason.
    pub words: Option<String>,
    /// When it was written that nobody had done it in time (Unix ms).
    pub now: i64,
    /// Why the reader gets it.
    pub why: String,
}

impl CaseContent {
    /// The letter, and whether a reply reaches the customer. `number`: by which people find the message.
    pub fn letter(&self, signer: Option<&Signer>, number: &str, smtputf8: bool) -> (Letter, Reply) {
        let Self { site, reader, case, .. } = self;
        let (language, texts) = (reader.language, reader.language.texts());
        let case_number = case.link.number.to_string();
        let (News { headline, detail }, at) = self.news();
        let at = at.map(|at| reader.zone.minute(UnixMillis(at))).unwrap_or_default();
        let owner = case.owner.as_deref().unwrap_or(texts.rows.nobody);
        let numbered = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        let (into, other) = (numbered(case.merged_into), numbered(self.other));
        let values = [
            ("number", case_number.as_str()),
            ("owner", owner),
            ("into", &into),
            ("other", &other),
            ("since", &at),
            ("due", &at),
        ];
        let headline = language.fill(headline, &values);
        let mut room = Room::default();

        let mut blocks = vec![Block::Text(language.fill(detail, &values))];
        let voice = case.first.as_ref().map_or(&texts.customer, |first| voice(&first.response, texts));
        let reply = self.reply(smtputf8);
        let words = self.words.as_deref().filter(|_| site.personal);
        blocks.extend(words.map(|words| Block::Words(room.take(words).0)));
        match &case.newest {
            Some(newest) => {
                let is_news = self.happened == Happened::ResponseJoined;
                blocks.extend(is_news.then(|| Block::Heading(texts.new_response.to_owned())));
                blocks.extend(newest.response.score().map(|score| score_block(language, score)));
                blocks.extend(self.said(newest, &mut room));
                let earlier: Vec<_> = case.first.iter().filter_map(|first| Earlier::of(&first.response)).collect();
                blocks.extend(earlier_blocks(reader, voice, &earlier, site.personal, &mut room));
            }
            None => {
                blocks.extend(case.score.map(|score| score_block(language, score)));
                blocks.extend(case.first.iter().flat_map(|first| self.said(first, &mut room)));
            }
        }
        if !site.personal {
            blocks.push(Block::Soft(texts.kept_out.to_owned()));
        }
        blocks.extend(reply.notice(language, voice));
        blocks.extend(case_buttons(signer, case.link, reader, self.actions(), (&reply, voice)));
        blocks.push(Block::Rows(self.rows(voice)));

        let site_name = isolated(visible(&site.name));
        let marks = Marks { urgent: case.urgent && !self.is_over(), test: false };
        let letter = Letter {
            language,
            subject: marks.subject(language, &headline, &site_name),
            site: site_name,
            headline,
            marks: marks.notes(language),
            blocks,
            footer: vec![self.why.clone(), language.fill(texts.message, &[("number", number)])],
        };
        (letter, reply)
    }

    fn said(&self, answered: &Answered, room: &mut Room) -> Vec<Block> {
        let Answered { response, answers } = answered;
        let personal = self.site.personal;
        if personal { said(self.reader.language, response.comment.as_deref(), answers, room) } else { Vec::new() }
    }

    /// Where a mail quotes staff or asks for nothing, who replies answers a colleague: that is not to reach the customer.
    fn reply(&self, smtputf8: bool) -> Reply {
        let quotes_staff = self.words.is_some() && self.by.is_some();
        let is_for_customer = self.site.personal && !quotes_staff && !self.is_over();
        let responses = [&self.case.first, &self.case.newest].into_iter().flatten();
        let contact = responses.filter(|_| is_for_customer).find_map(|one| one.response.contact_email.as_deref());
        Reply::of(contact, smtputf8)
    }

    /// What is said of it, and the time that it speaks of (Unix ms).
    fn news(&self) -> (&'static News, Option<i64>) {
        let texts = &self.reader.language.texts().case;
        let case = &self.case;
        match self.happened {
            Happened::Assigned if self.to_team => (&texts.assigned_team, None),
            Happened::Assigned if !self.is_owner => (&texts.assigned_away, None),
            Happened::Assigned => (&texts.assigned, None),
            Happened::TakenOver => (&texts.taken_over, None),
            Happened::GivenBack => (&texts.given_back, None),
            Happened::OwnerLeft => (&texts.owner_left, None),
            Happened::Escalated => (&texts.escalated, Some(self.since.unwrap_or(case.opened_at))),
            Happened::Mentioned => (&texts.mentioned, None),
            Happened::Noted => (&texts.noted, None),
            Happened::CustomerAnswered => (&texts.customer_answered, None),
            Happened::ResponseJoined => (&texts.response_joined, None),
            Happened::CaseJoined => (&texts.case_joined, None),
            Happened::Urgent => (&texts.urgent, None),
            Happened::Reminder if !self.is_owner => (&texts.reminder_set, None),
            Happened::Reminder => (&texts.reminder, None),
            Happened::Link => (&texts.link, None),
            Happened::Ended if case.state == State::Resolved => (&texts.resolved, None),
            Happened::Ended => (&texts.closed, None),
            Happened::Reopened => (&texts.reopened, None),
            Happened::Merged => (&texts.merged, None),
            Happened::Overdue => match case.answer_by {
                Some(by) if by < self.now => (&texts.not_answered, Some(by)),
                _ => (&texts.not_taken, case.acknowledge_by),
            },
        }
    }

    fn is_over(&self) -> bool {
        matches!(self.happened, Happened::TakenOver | Happened::Ended | Happened::Merged)
    }

    /// What the reader can do now.
    fn actions(&self) -> &'static [Action] {
        match (self.is_over(), self.case.state) {
            (true, _) => &[Action::Open],
            (false, State::Open) => &Action::ALL,
            (false, _) => &[Action::Open, Action::Remind],
        }
    }

    fn rows(&self, voice: &Voice) -> Vec<(&'static str, String)> {
        let Self { case, reader, .. } = self;
        let texts = &reader.language.texts().rows;
        let first = case.first.as_ref().map(|first| &first.response).filter(|_| self.site.personal);
        let time = |at: Option<i64>| at.map(|at| reader.zone.minute(UnixMillis(at)));
        let written = |text: &Option<String>| text.as_deref().filter(|_| self.site.personal).map(shown);
        let is_ended = case.state.is_ended();
        let owner = match (&case.owner, case.state) {
            (Some(owner), State::Open) => (texts.given_to, owner.clone()),
            (Some(owner), _) => (texts.owner, owner.clone()),
            (None, _) => (texts.owner, texts.nobody.to_owned()),
        };
        let rows = [
            (texts.by, self.by.clone()),
            (texts.place, case.place.as_deref().map(shown)),
            (texts.order, first.and_then(|first| order(reader.language, first))),
            (voice.person, first.and_then(|first| first.customer_ref.as_deref()).map(shown)),
            (texts.opened, time(Some(case.opened_at))),
            (owner.0, Some(owner.1).filter(|_| self.happened != Happened::Merged)),
            (texts.acknowledge_by, time(case.acknowledge_by)),
            (texts.answer_by, time(case.answer_by)),
            (texts.root_cause, written(&case.root_cause).filter(|_| is_ended)),
            (texts.action_taken, written(&case.action_taken).filter(|_| is_ended)),
        ];
        rows.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}
