//! When the two clocks run, stand still and stop.

use super::apply::Change;
use super::{DueTime, Event, Refused, ServiceLevel, State};

impl Change<'_> {
    /// How late it was, as the journal keeps it.
    pub(super) fn stop_acknowledge_clock(&mut self) -> Option<i64> {
        let late_ms = self.case.late_ms(DueTime::Acknowledge, self.now, self.clock);
        self.case.acknowledge_by.take().map(|_| late_ms.unwrap_or(0))
    }

    /// How late it was, as the journal keeps it.
    pub(super) fn stop_answer_clock(&mut self) -> Option<i64> {
        let late_ms = self.case.late_ms(DueTime::Answer, self.now, self.clock);
        let running = self.case.answer_by.take();
        let paused = self.case.answer_left_ms.take();
        running.or(paused).map(|_| late_ms.unwrap_or(0))
    }

    /// The answer clock stands still from `since` (Unix ms) on. A due time that had passed by then stays, so the case stays
    /// overdue.
    pub(super) fn pause_from(&mut self, since: i64) {
        self.case.waiting_since = Some(since);
        if let Some(by) = self.case.answer_by.take_if(|by| *by >= since) {
            self.case.answer_left_ms = Some(self.clock.open_ms(since, by));
        }
    }

    /// The answer clock goes on from where it stood; whatever was late is as late as it was.
    pub(super) fn resume(&mut self) {
        let Some(since) = self.case.waiting_since.take() else { return };
        if self.is_waiting() {
            self.case.state = State::InProgress;
        }
        if let Some(left_ms) = self.case.answer_left_ms.take() {
            self.case.answer_by = Some(self.clock.due(self.now, left_ms));
        } else if let Some(by) = self.case.answer_by {
            let waited_ms = self.clock.open_ms(since, self.now);
            // Late by less than an opening hour, it may else be due at this very moment.
            let moved = self.clock.due(by, waited_ms).min(self.now.saturating_sub(1));
            self.case.answer_by = Some(moved.max(by));
        }
    }

    /// Due times move by what the new level gives more or less, so that pauses and stricter rules keep what they did.
    pub(super) fn change_level(&mut self, level: ServiceLevel) -> Result<(), Refused> {
        if self.case.state.is_ended() || self.case.level == level {
            return Ok(());
        }
        let old = std::mem::replace(&mut self.case.level, level);
        if self.case.state == State::Open {
            let limits = (old.acknowledge_ms, self.case.level.acknowledge_ms);
            self.case.acknowledge_by = self.moved(self.case.acknowledge_by, limits);
            if old.steps_ms != self.case.level.steps_ms {
                self.case.next_step_at = self.step_at(self.case.steps_done);
            }
        }
        if self.case.answered_at.is_none() {
            let waiting_since = self.case.waiting_since;
            if let (Some(since), Some(left_ms)) = (waiting_since, self.case.answer_left_ms.take()) {
                self.case.answer_by = Some(self.clock.due(since, left_ms));
            }
            let limits = (old.answer_ms, self.case.level.answer_ms);
            self.case.answer_by = self.moved(self.case.answer_by, limits);
            if let Some(since) = waiting_since {
                self.pause_from(since);
            }
        }
        self.journal(Event::ServiceLevelChanged);
        Ok(())
    }

    fn moved(&self, by: Option<i64>, (old, new): (Option<i64>, Option<i64>)) -> Option<i64> {
        let new = new?;
        Some(match by.zip(old).map(|(by, old)| (by, new.saturating_sub(old))) {
            Some((by, more)) if more >= 0 => self.clock.due(by, more),
            Some((by, less)) => self.clock.before(by, less.saturating_neg()),
            None => {
                let fresh = self.clock.due(self.case.steps_from, new);
                by.map_or(fresh, |stricter| stricter.min(fresh))
            }
        })
    }
}
