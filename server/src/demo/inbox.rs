//! The demo's mails, as a mail program would show them.

use std::path::Path;

use askama::Template;
use mail_parser::MessageParser;

use super::RECIPIENT;

/// Mails shown; the newest ones.
const SHOWN: usize = 5;

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox {
    recipient: &'static str,
    mails: Vec<Mail>,
}

struct Mail {
    subject: String,
    message_id: String,
    html: String,
}

/// A page with the newest mails of `folder`.
///
/// # Errors
/// When the folder cannot be read.
pub fn render(folder: &Path) -> std::io::Result<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .collect();
    // Named after outbox ids, which sort by time.
    files.sort_by(|a, b| b.cmp(a));
    let mails = files.iter().take(SHOWN).map(|path| read(path)).collect::<std::io::Result<_>>()?;
    Inbox { recipient: RECIPIENT, mails }.render().map_err(std::io::Error::other)
}

fn read(path: &Path) -> std::io::Result<Mail> {
    let bytes = std::fs::read(path)?;
    let mail = MessageParser::default().parse(&bytes).ok_or_else(|| std::io::Error::other("not a mail"))?;
    Ok(Mail {
        subject: mail.subject().unwrap_or_default().to_owned(),
        message_id: mail.message_id().unwrap_or_default().to_owned(),
        html: mail.body_html(0).map(|html| html.into_owned()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subject_that_turns_the_direction_leaves_the_page_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mail = "Subject: =?utf-8?q?store=E2=80=AEgnp.exe?=\r\nMessage-ID: <1@shop>\r\n\r\nLate\r\n";
        std::fs::write(folder.path().join("1.eml"), mail).unwrap();
        let html = render(folder.path()).unwrap();
        assert!(html.contains("<h2><bdi>store\u{202e}gnp.exe</bdi><br>"), "{html}");
    }
}
