//! Writes what a command made of a case.

use counterbell_shared::ResponseId;
use diesel::QueryResult;

use super::grouped::waits;
use super::heard::Heard;
use super::told::{CASE_MAIL, STEP, Told};
use super::{By, Case, Clock, Command, Effect, Kept, Message, Refused, Whom, apply};
use crate::db::AnyConnection;
use crate::db::journal::{By as Actor, Event, SiteLock};
use crate::db::responses::{HELD_BY_STAFF, ResponseRow, id_from_column};
use crate::db::score_days::{ScoreDays, day_of};
use crate::db::staff::belongs;
use crate::db::{cases, dialect, outbox, timers};
use crate::touchpoints::Hours;

/// A case that a command is about to be sent to.
pub(super) struct Desk<'a> {
    pub conn: &'a mut AnyConnection,
    pub site: &'a mut SiteLock,
    pub by: &'a By,
    pub now: i64,
}

impl Desk<'_> {
    /// Sends a command to a case and writes what follows, all in the caller's transaction. A command that is refused changes
    /// nothing.
    pub fn send(&mut self, kept: &mut Kept, command: Command) -> QueryResult<Result<bool, Refused>> {
        let hours = Hours::of(self.conn, kept.site_id, &kept.about.touchpoint)?;
        let (case, effects) = match apply(&kept.case, command, self.by, self.now, &hours as &dyn Clock) {
            Ok(applied) => applied,
            Err(refused) => return Ok(Err(refused)),
        };
        if effects.is_empty() {
            return Ok(Ok(false));
        }
        let before = std::mem::replace(&mut kept.case, case);
        kept.first_acknowledged_at = kept.first_acknowledged_at.or(kept.case.acknowledged_at);
        for effect in &effects {
            if let Effect::Journal(event) = effect {
                kept.ever.note(event);
            }
        }
        kept.row().update(self.conn)?;
        self.write(kept, Some(&before), &effects)?;
        let opened_again = before.state.is_ended() && !kept.case.state.is_ended();
        if let Some(person) = kept.case.owner.filter(|_| opened_again)
            && !belongs(self.conn, kept.site_id, person)?
        {
            // Whoever had it has left meanwhile.
            let mut server = Desk { conn: self.conn, site: self.site, by: &By::SERVER, now: self.now };
            let _ = server.send(kept, Command::OwnerLeft { person })?;
        }
        Ok(Ok(true))
    }

    /// Writes the effects of a command, or of opening a case. The row of the case is written already.
    pub fn write(&mut self, kept: &Kept, before: Option<&Case>, effects: &[Effect]) -> QueryResult<()> {
        let mut events = Vec::new();
        for effect in effects {
            match effect {
                Effect::Journal(event) => {
                    let (number, kind, data) = (kept.case.number, event.kind(), event.data(&kept.case));
                    events.push(Event::Case { number, kind, data });
                }
                Effect::SetTimer(timer, at) => timers::set(self.conn, kept.site_id, timer.as_str(), &kept.id, *at)?,
                Effect::ClearTimer(timer) => timers::clear(self.conn, kept.site_id, timer.as_str(), &kept.id)?,
                Effect::Tell { .. } => {}
                Effect::HoldResponses => self.hold_responses(kept)?,
            }
        }
        let actor = Actor::on_case(self.by.actor(), self.by.means.as_str());
        self.site.append(self.conn, &actor, self.now, &events)?;
        if before.is_some_and(|before| before.wants_step(before.steps_from) && !kept.case.wants_step(before.steps_from))
        {
            // Nobody is told of a step that nobody waits for any more.
            outbox::withdraw_about_case(self.conn, (kept.site_id, &kept.id), CASE_MAIL, (STEP, None))?;
        }
        if effects.iter().any(|effect| matches!(effect, Effect::Tell { .. })) {
            let mut told = Told::load(self.conn, kept, self.by, self.now)?;
            if effects.iter().any(|effect| matches!(effect, Effect::Tell { whom: Whom::Step(_), .. })) {
                told.heard = Heard::load(self.conn, kept, &told.staff, self.now)?;
            }
            let mut messages = Vec::new();
            for one in told.tellings(kept, effects) {
                if !waits(self.conn, (kept, &told.rule), (one.person_id, one.message), self.now)? {
                    messages.extend(told.message(kept, &one));
                }
                if matches!(one.message, Message::Escalated { .. }) {
                    // Of steps that nobody heard of yet, each hears of the latest.
                    let step_to = (STEP, Some(one.person_id));
                    outbox::withdraw_about_case(self.conn, (kept.site_id, &kept.id), CASE_MAIL, step_to)?;
                }
            }
            outbox::insert(self.conn, &messages)?;
        }
        Ok(())
    }

    /// They count nowhere from now on, as others that were held back.
    fn hold_responses(&mut self, kept: &Kept) -> QueryResult<()> {
        for (response_id, _) in cases::responses(self.conn, kept.site_id, &kept.id)? {
            let Some(id) = id_from_column(&response_id) else { continue };
            self.hold(kept.site_id, id)?;
        }
        Ok(())
    }

    fn hold(&mut self, site_id: i64, id: ResponseId) -> QueryResult<()> {
        let Some(row) = dialect::lock_response(self.conn, site_id, id.as_bytes())? else { return Ok(()) };
        if ResponseRow::set_held(self.conn, site_id, id, HELD_BY_STAFF)? {
            let mut counts = ScoreDays::default();
            counts.take((site_id, &row.metric, day_of(row.created_at), &row.touchpoint), row.score);
            counts.store(self.conn)?;
        }
        Ok(())
    }
}
