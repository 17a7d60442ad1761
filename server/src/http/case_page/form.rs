//! What can be done on the page, a form each.

use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::cases::{self, Case, State};

/// A form, named after what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Form {
    Acknowledge,
    TakeOver,
    NotForMe,
    Assign,
    Note,
    Spoke,
    Wait,
    CustomerAnswered,
    DismissAnswer,
    Remind,
    Resolve,
    NothingToDo,
    Reopen,
    GiveBack,
    RevokeLinks,
}

impl Form {
    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What `me` can do with a case now, what is most likely wanted first.
    pub fn offered(case: &Case, me: i64) -> Vec<Self> {
        use Form::{
            Acknowledge, Assign, CustomerAnswered, DismissAnswer, GiveBack, NotForMe, Note, NothingToDo, Remind,
            Reopen, Resolve, RevokeLinks, Spoke, TakeOver, Wait,
        };

        if case.merged_into.is_some() || case.nothing_to_do == Some(cases::NothingToDo::Erased) {
            return vec![RevokeLinks];
        }
        let is_mine = case.owner == Some(me);
        let mut forms = match (case.state, is_mine) {
            (State::Open, _) => {
                vec![Acknowledge, NotForMe, Assign, Note, Spoke, Resolve, NothingToDo, Remind, Wait, CustomerAnswered]
            }
            (State::InProgress, true) => {
                vec![Spoke, Resolve, Wait, Note, Assign, Remind, NotForMe, GiveBack, CustomerAnswered, NothingToDo]
            }
            (State::InProgress, false) => {
                vec![TakeOver, Note, Spoke, Resolve, Wait, Assign, CustomerAnswered, GiveBack, NothingToDo]
            }
            (State::Waiting, true) => {
                vec![CustomerAnswered, Spoke, Resolve, Note, Remind, Assign, NotForMe, GiveBack, NothingToDo]
            }
            (State::Waiting, false) => {
                vec![TakeOver, Note, CustomerAnswered, Spoke, Resolve, Assign, GiveBack, NothingToDo]
            }
            (State::Resolved, _) => vec![Reopen, Note, Resolve, Spoke],
            (State::Closed, _) => vec![Reopen, Note],
        };
        if case.customer_answered_at.is_some() {
            forms.insert(1, DismissAnswer);
        }
        // Machine and page agree: of somebody else's case nobody says that it is not for them.
        forms.retain(|form| *form != NotForMe || case.owner.is_none() || is_mine);
        forms.push(RevokeLinks);
        forms
    }

    /// The one that the button of a mail preselects; `None` for none, and for what cannot be done now.
    pub fn preselected(wanted: &str, offered: &[Self]) -> Option<Self> {
        let forms: &[Self] = match wanted {
            "take" => &[Self::Acknowledge, Self::TakeOver],
            "not_for_me" => &[Self::NotForMe],
            "remind" => &[Self::Remind],
            "spoke" => &[Self::Spoke],
            _ => &[],
        };
        forms.iter().copied().find(|form| offered.contains(form))
    }
}
