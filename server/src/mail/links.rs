//! The links that stand in mails.

use diesel::QueryResult;

use super::letter::{Block, Button};
use super::people::Reader;
use super::reply::Reply;
use super::texts::{Language, Voice};
use crate::config::PublicUrl;
use crate::db::AnyConnection;
use crate::links::{Claim, KeyRing, LONGEST_MS, Links, Purpose};

/// What links are made of.
#[derive(Clone, Debug, Default)]
pub struct MailLinks {
    /// Where the server is reached; `None` makes no links.
    pub public_url: Option<PublicUrl>,
    /// With which keys they are signed.
    pub links: Links,
}

/// Signs links, at one moment.
#[derive(Clone, Debug)]
pub struct Signer {
    public_url: PublicUrl,
    ring: KeyRing,
    now: i64,
}

/// What a link leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its site.
    pub site_id: i64,
    /// By the id that its kind has.
    pub subject_id: [u8; 16],
    /// Raised when all links to it are to stop.
    pub generation: u32,
}

/// A case, as a mail names it and leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseLink {
    /// What people call it by.
    pub number: i64,
    /// Where its links lead; `None` when the mail says no more than its number.
    pub target: Option<Target>,
}

/// What a button of a case preselects on the page that it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To have it.
    Take,
    /// To hand it on.
    NotForMe,
    /// Nothing.
    Open,
    /// To be told again.
    Remind,
    /// To say that the customer was answered.
    Spoke,
}

impl Action {
    /// Of a case that nobody has.
    pub const ALL: [Self; 4] = [Self::Take, Self::NotForMe, Self::Open, Self::Remind];

    fn as_str(self) -> &'static str {
        match self {
            Self::Take => "take",
            Self::NotForMe => "not_for_me",
            Self::Open => "open",
            Self::Remind => "remind",
            Self::Spoke => "spoke",
        }
    }

    fn label(self, language: Language) -> &'static str {
        let texts = &language.texts().buttons;
        match self {
            Self::Take => texts.take,
            Self::NotForMe => texts.not_for_me,
            Self::Open => texts.open,
            Self::Remind => texts.remind,
            Self::Spoke => texts.spoke,
        }
    }
}

impl MailLinks {
    /// What signs links at `now` (Unix ms); `None` when there are to be none.
    ///
    /// # Errors
    /// What the database says.
    pub fn signer(&self, conn: &mut AnyConnection, now: i64) -> QueryResult<Option<Signer>> {
        let Some(public_url) = self.public_url.clone() else { return Ok(None) };
        Ok(Some(Signer { public_url, ring: self.links.ring(conn, now)?, now }))
    }
}

impl Signer {
    /// For tests.
    #[cfg(test)]
    pub fn new(public_url: &str, ring: KeyRing, now: i64) -> Self {
        Self { public_url: public_url.parse().unwrap(), ring, now }
    }

    /// The address of the page of a case or a group for this reader; `None` for whoever is nobody of the site, or without a
    /// key.
    pub fn address(&self, purpose: Purpose, target: Target, reader: &Reader) -> Option<String> {
        let (person_id, person_generation) = reader.person?;
        let claim = Claim {
            purpose,
            site_id: target.site_id,
            subject_id: target.subject_id,
            person_id,
            expires_at: self.now.saturating_add(LONGEST_MS),
            person_generation,
            subject_generation: target.generation,
        };
        let token = claim.sign(&self.ring, self.now)?;
        let page = match purpose {
            Purpose::Case | Purpose::Test => "case",
            Purpose::Group => "group",
        };
        Some(self.public_url.at(&format!("/{page}/{token}")))
    }
}

/// The buttons of a case; without links one line that says so. When a reply to the mail reaches somebody, what to press
/// afterwards is said first.
pub fn case_buttons(
    signer: Option<&Signer>,
    case: CaseLink,
    reader: &Reader,
    actions: &[Action],
    (reply, voice): (&Reply, &Voice),
) -> Vec<Block> {
    let language = reader.language;
    let page = case.target.and_then(|target| signer?.address(Purpose::Case, target, reader));
    let Some(page) = page else {
        let number = case.number.to_string();
        return vec![Block::Soft(language.fill(language.texts().buttons.none, &[("number", &number)]))];
    };
    let button =
        |action: &Action| Button { label: action.label(language), href: format!("{page}?do={}", action.as_str()) };
    let mut buttons: Vec<_> = actions.iter().map(button).collect();
    let mut blocks = Vec::with_capacity(2);
    if reply.address().is_some() {
        let then = language.fill(voice.reply_then, &[("button", Action::Spoke.label(language))]);
        blocks.push(Block::Text(then));
        buttons.push(button(&Action::Spoke));
    }
    blocks.push(Block::Buttons(buttons));
    blocks
}

/// The button of a test; without links one line that says so.
pub fn test_button(signer: Option<&Signer>, target: Option<Target>, reader: &Reader) -> Block {
    let texts = &reader.language.texts().buttons;
    match target.and_then(|target| signer?.address(Purpose::Test, target, reader)) {
        Some(href) => Block::Buttons(vec![Button { label: texts.open_test, href }]),
        None => Block::Soft(texts.none_test.to_owned()),
    }
}
