//! The README's picture: a customer rates, says what went wrong, and staff read the mail on a phone.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mail_parser::{Message, MessageParser};

use super::scene::{PHONE, STORY};
use super::walk::Walk;
use crate::browser::Browser;
use crate::host_page;
use crate::stage::Stage;

/// Its name in docs/images.
pub const FILE: &str = "story.png";

/// What the phones stand on.
const FRAME: &str = include_str!("story.html");
/// Who asks to be answered.
const CUSTOMER: &str = "emily.carter@example.com";
/// Where the shop would be, if it were not on this machine.
const ORIGIN: &str = "https://bramble.example";
/// How long the mail may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A PNG of three phones: two of the customer, one of staff.
///
/// # Errors
/// The card does not go on, or no mail comes.
pub fn picture(stage: &Stage) -> Result<Vec<u8>> {
    let browser = Browser::start()?;
    PHONE.emulate(&browser)?;
    browser.open(&stage.host.show("/", host_page::shop(&stage.tag(""))?))?;
    let mut walk = Walk::open(&browser, PHONE.comment)?;
    walk.move_to_score()?;
    let rated = data_url(&PHONE.picture(&browser)?);
    walk.next()?;
    let reasons = data_url(&PHONE.picture(&browser)?);
    walk.next()?;
    let others = mails(&stage.mail_dir)?;
    walk.leave_address(CUSTOMER)?;
    walk.next()?;

    let mail = new_mail(&stage.mail_dir, &others)?;
    let mail = MessageParser::default().parse(&mail).context("the mail cannot be read")?;
    // What keeps mail programs from making a link of it also keeps us from finding it.
    let html = mail.body_html(0).context("the mail has no HTML")?.replace('\u{2060}', "");
    let html = html.replace(&stage.host.origin(), ORIGIN);
    let frame = FRAME
        .replace("{{rated}}", &rated)
        .replace("{{reasons}}", &reasons)
        .replace("{{subject}}", &escaped(mail.subject().unwrap_or_default()))
        .replace("{{from}}", &escaped(&sender(&mail)))
        .replace("{{mail}}", &escaped(&html));
    STORY.emulate(&browser)?;
    browser.open(&stage.host.show("/story", frame))?;
    STORY.picture(&browser)
}

/// The names of all mails there are.
fn mails(folder: &Path) -> Result<Vec<String>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    Ok(names.collect::<Result<Vec<_>>>()?.into_iter().filter(|name| name.ends_with(".eml")).collect())
}

/// The first mail that is none of `others`.
fn new_mail(folder: &Path, others: &[String]) -> Result<Vec<u8>> {
    let started = Instant::now();
    loop {
        if let Some(name) = mails(folder)?.into_iter().find(|name| !others.contains(name)) {
            return fs::read(folder.join(&name)).with_context(|| format!("cannot read {name}"));
        }
        ensure!(started.elapsed() < PATIENCE, "no mail within {} s", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn sender(mail: &Message) -> String {
    let name = mail.from().and_then(|from| from.first()).and_then(|from| from.name());
    name.unwrap_or_default().to_owned()
}

fn data_url(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", data_encoding::BASE64.encode(png))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
