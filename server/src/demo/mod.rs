//! The whole product on one machine: a server with real reviews, and a shop to rate.

mod inbox;
mod mail;
mod reviews;
mod shop;

pub use reviews::dated_reviews;
pub use shop::Shop;

/// How the demo's site is called.
pub const SITE_NAME: &str = "Bramble & Oak";
/// Who is told about its unhappy customers.
pub const RECIPIENT: &str = "staff@bramble-and-oak.example";
/// Their manager.
pub const MANAGER: &str = "manager@bramble-and-oak.example";
/// When they are told: a case that nobody takes is told again after 20 seconds, and to the manager after 40.
pub const RULE: &str = r#"{
  "name": "unhappy",
  "when": { "unhappy": true },
  "who": [{ "team": "alerts" }],
  "soon": { "grouped": { "most": 5, "in": "1m" } },
  "acknowledge_within": "20s",
  "answer_within": "10m",
  "steps": [{ "after": "20s", "who": [{ "team": "alerts" }] }, { "after": "40s", "who": [{ "manager": true }] }]
}"#;
/// Where the reviews' columns go.
pub const REVIEWS_MAP: &str = "score=Rating,comment=Review Text,touchpoint=Department Name,created_at=Date";
