//! Work on cases as integrators and operators do it: what they send, what they are shown, lists, root causes, figures. Admin API
//! and command line both go through here, so that they refuse and show the same.

mod ask;
mod document;
mod figures;
mod list;
mod quantile;
mod root_causes;
mod schema;
mod service_level;
mod view;

pub use ask::{Asking, NotDone, ask};
pub use document::{CaseAction, ManyCasesAction, NUMBERS_MAX, WhoDocument};
pub use figures::{By, LoopFigures, LoopGroupView, LoopView, loop_figures};
pub use list::{find, list, timeline};
pub use root_causes::{
    ROOT_CAUSES_MAX, RootCauseDocument, RootCauseView, put_root_cause, remove_root_cause, root_causes,
};
pub use schema::CaseNumber;
pub use service_level::{LevelView, give_level, preview_level};
pub use view::{CaseDetailsView, CaseResponseView, CaseView, Done, EntryView, People};
