//! The journal: what happened, site by site. What writes it is in `db::journal`.

mod expire;

pub use expire::ExpireJournal;
