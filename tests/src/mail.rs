//! A mail, as its reader sees it.

use std::path::Path;

use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessageParser, PartType};

/// One message, parsed.
pub struct Mail {
    message: Message<'static>,
}

impl Mail {
    /// Reads an `.eml` file.
    pub fn read(path: &Path) -> Self {
        let raw = std::fs::read(path).unwrap();
        let parsed = MessageParser::default().parse(&raw);
        Self { message: parsed.unwrap_or_else(|| panic!("no mail in {}", path.display())).into_owned() }
    }

    /// Every `.eml` file of a directory, oldest name first; none when there is no directory.
    pub fn read_all(dir: &Path) -> Vec<Self> {
        let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "eml"));
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// Addresses in `To`.
    pub fn to(&self) -> Vec<&str> {
        self.message.to().into_iter().flat_map(|to| to.iter()).filter_map(|address| address.address()).collect()
    }

    /// Name and address in `From`, decoded.
    pub fn from(&self) -> (Option<&str>, &str) {
        let from = self.message.from().and_then(|from| from.first()).expect("every mail has a sender");
        (from.name(), from.address().unwrap_or_default())
    }

    /// The subject, decoded.
    pub fn subject(&self) -> &str {
        self.message.subject().unwrap_or_default()
    }

    /// Without angle brackets.
    pub fn message_id(&self) -> &str {
        self.message.message_id().unwrap_or_default()
    }

    /// A header as written, trimmed.
    pub fn header(&self, name: &'static str) -> Option<&str> {
        self.message.header_raw(name).map(str::trim)
    }

    /// What a reader without HTML sees: the text/plain part, decoded.
    pub fn text(&self) -> String {
        let part = self.message.parts.iter().find_map(|part| match &part.body {
            PartType::Text(text) => Some(text.to_string()),
            _ => None,
        });
        part.expect("every mail has a text/plain part")
    }

    /// What everybody else reads: the words of the text/html part.
    pub fn html_words(&self) -> String {
        html_to_text(&self.html())
    }

    /// The text/html part, with its markup.
    pub fn html(&self) -> String {
        let part = self.message.parts.iter().find_map(|part| match &part.body {
            PartType::Html(html) => Some(html.to_string()),
            _ => None,
        });
        part.expect("every mail has a text/html part")
    }
}
