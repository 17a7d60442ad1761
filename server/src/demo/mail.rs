//! One mail of the demo, as a mail program reads it.

use std::io::{Error, ErrorKind};
use std::path::Path;

use counterbell_shared::time::UnixMillis;
use mail_parser::{Address, MessageParser};

use crate::zone::Zone;

/// A mail, with what a mail program shows of it.
pub struct Mail {
    /// Name of its file without `.eml`; one to each mail.
    pub id: String,
    /// Name and address of the sender.
    pub from: String,
    /// Those of the recipients.
    pub to: String,
    /// Where an answer goes; `None` when that is the sender.
    pub reply_to: Option<String>,
    /// Its subject; empty without one.
    pub subject: String,
    /// When it was written; `None` when it does not say.
    pub sent: Option<UnixMillis>,
    /// The part with markup; of a mail without one, its text as markup.
    pub html: String,
    /// The plain text.
    pub text: String,
}

impl Mail {
    /// Reads a file; `None` when it is gone, as with its response that was deleted.
    ///
    /// # Errors
    /// The file cannot be read, or is no mail.
    pub fn read(path: &Path) -> std::io::Result<Option<Self>> {
        let bytes = match std::fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read?,
        };
        let mail = MessageParser::default().parse(&bytes).ok_or_else(|| Error::other("not a mail"))?;
        Ok(Some(Self {
            id: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            from: written(mail.from()).unwrap_or_default(),
            to: written(mail.to()).unwrap_or_default(),
            reply_to: written(mail.reply_to()),
            subject: mail.subject().unwrap_or_default().to_owned(),
            sent: mail.date().map(|date| UnixMillis(date.to_timestamp().saturating_mul(1000))),
            html: mail.body_html(0).unwrap_or_default().into_owned(),
            text: mail.body_text(0).unwrap_or_default().into_owned(),
        }))
    }

    /// When it was written, to the minute.
    pub fn sent_minute(&self) -> Option<String> {
        self.sent.map(|sent| Zone::UTC.minute(sent))
    }
}

fn written(addresses: Option<&Address<'_>>) -> Option<String> {
    let one = |address: &mail_parser::Addr<'_>| {
        let at = address.address().unwrap_or_default();
        address.name().map_or_else(|| at.to_owned(), |name| format!("{name} <{at}>"))
    };
    addresses.map(|addresses| addresses.iter().map(one).collect::<Vec<_>>().join(", "))
}
