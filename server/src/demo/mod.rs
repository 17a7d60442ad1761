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
/// Where the reviews' columns go.
pub const REVIEWS_MAP: &str = "score=Rating,comment=Review Text,touchpoint=Department Name,created_at=Date";
