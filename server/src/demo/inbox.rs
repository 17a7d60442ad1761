//! The demo's mails, as a mail program would show them.

use std::path::Path;

use askama::Template;

use super::RECIPIENT;
use super::mail::Mail;

/// Mails shown; the newest ones.
const SHOWN: usize = 20;

#[derive(Template)]
#[template(path = "inbox.html")]
struct Inbox {
    recipient: &'static str,
    /// Mails there are.
    total: usize,
    mails: Vec<Mail>,
}

/// A page with the newest mails of `folder`, the newest first.
///
/// # Errors
/// When the folder cannot be read, or what is in it.
pub fn render(folder: &Path) -> std::io::Result<String> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .collect();
    // Named after outbox ids, which sort by time.
    files.sort_by(|a, b| b.cmp(a));
    let mails = files.iter().take(SHOWN).filter_map(|path| Mail::read(path).transpose()).collect::<Result<_, _>>()?;
    Inbox { recipient: RECIPIENT, total: files.len(), mails }.render().map_err(std::io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(mails: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        for (name, mail) in mails {
            std::fs::write(folder.path().join(name), mail.replace('\n', "\r\n")).unwrap();
        }
        render(folder.path()).unwrap()
    }

    #[test]
    fn subject_that_turns_the_direction_leaves_the_page_alone() {
        let html = page(&[("1.eml", "Subject: =?utf-8?q?store=E2=80=AEgnp.exe?=\nMessage-ID: <1@shop>\n\nLate\n")]);
        assert!(html.contains("<h2><bdi>store\u{202e}gnp.exe</bdi></h2>"), "{html}");
    }

    #[test]
    fn mail_says_from_whom_to_whom_and_when() {
        let head = "From: \"Bramble & Oak\" <bell@shop.example>\nTo: ann@shop.example, bob@shop.example\n\
                    Reply-To: emily@mail.example\nDate: Thu, 26 Nov 2026 14:05:06 +0100\nSubject: Late\n\nLate\n";
        let html = page(&[("1.eml", head)]);
        for shown in [
            "<bdi>Bramble &#38; Oak &#60;bell@shop.example&#62;</bdi>",
            "<bdi>ann@shop.example, bob@shop.example</bdi>",
            "<bdi>emily@mail.example</bdi>",
            "2026-11-26 13:05 UTC",
        ] {
            assert!(html.contains(shown), "{shown}: {html}");
        }
    }

    #[test]
    fn newest_mails_come_first_and_all_are_counted() {
        let names: Vec<_> = (10..32).map(|n| format!("{n}.eml")).collect();
        let mails: Vec<_> = names.iter().map(|name| (name.as_str(), "Subject: Late\n\nLate\n")).collect();
        let html = page(&mails);
        assert!(html.find("id=\"mail-31\"") < html.find("id=\"mail-30\""), "{html}");
        assert!(html.contains("id=\"mail-12\"") && !html.contains("id=\"mail-11\""), "{html}");
        assert!(html.contains("the newest 20 of 22"), "{html}");
    }
}
