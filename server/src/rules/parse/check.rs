//! What the members of a rule say together.

use counterbell_shared::document::{Faults, Object};

use crate::rules::{CouldFire, Period, Step, StepAt, When};

/// Whether there is a case where one is needed, and none where it cannot be; `case` as it was given.
pub fn check_case(faults: &mut Faults, rule: Object<'_>, case: Option<bool>, when: &When) {
    let is_about_response = matches!(when, When::Response(_));
    if case == Some(true) && !is_about_response {
        faults.tell("/case", "must be false: a case is about a response");
    }
    if case == Some(false) || !is_about_response {
        for name in ["acknowledge_within", "answer_within", "steps"] {
            if rule.members.contains_key(name) {
                faults.tell(rule.pointer(name), "needs a case: there is nothing to acknowledge or to answer");
            }
        }
    }
}

/// Whether the condition on a response holds for some score.
pub fn check_fires(faults: &mut Faults, when: &When) {
    if let When::Response(condition) = when
        && CouldFire::of(condition).is_never()
    {
        faults.tell("/when", "must hold for some score: no metric has one that is unhappy, in the bands and in range");
    }
}

/// Each is later than the one before.
pub fn check_steps(faults: &mut Faults, due_within: Option<Period>, steps: &[Step]) {
    let due_ms = due_within.map(Period::as_ms);
    let mut last = 0;
    for (place, step) in steps.iter().enumerate() {
        let at = format!("/steps/{place}");
        let ms = match (step.at, due_ms) {
            (StepAt::After(period), _) => period.as_ms(),
            (StepAt::BeforeDue(period), Some(due)) if period.as_ms() < due => due - period.as_ms(),
            (StepAt::BeforeDue(_), Some(_)) => {
                faults.tell(format!("{at}/before_due"), "must be shorter than the time within which the case is due");
                continue;
            }
            (StepAt::BeforeDue(_), None) => {
                let detail = "needs \"acknowledge_within\" or \"answer_within\": the case is never due";
                faults.tell(format!("{at}/before_due"), detail);
                continue;
            }
        };
        if ms <= last {
            faults.tell(at, "must be later than the step before");
        }
        last = ms;
    }
}
