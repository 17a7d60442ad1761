//! A mail before it is written: what it says, in one language, for HTML and plain text alike.

#[cfg(test)]
mod contrast;
#[cfg(test)]
mod tests;
mod text;

use askama::Template;

use super::texts::Language;

/// What a mail says. Every text of others in it is harmless.
#[derive(Clone, Debug)]
pub struct Letter {
    /// In which it is written.
    pub language: Language,
    /// Says what happened: the subject alone is read on a phone's lock screen.
    pub subject: String,
    /// Name of the site.
    pub site: String,
    /// What happened, once more.
    pub headline: String,
    /// What has to be seen before all else: that it is urgent, or a test.
    pub marks: Vec<&'static str>,
    /// The rest, in its order.
    pub blocks: Vec<Block>,
    /// Why the reader gets it, who else does, and by which number it is found in the outbox.
    pub footer: Vec<String>,
}

/// A part of a letter.
#[derive(Clone, Debug)]
pub enum Block {
    /// The score that was given.
    Score {
        /// `1 out of 5`.
        text: String,
        /// What the ends of the scale mean.
        scale: &'static str,
        /// Whoever gave it is not content.
        unhappy: bool,
    },
    /// Words of others, of any number of lines.
    Words(String),
    /// A question, and words of others.
    Answer(String, String),
    /// What comes next.
    Heading(String),
    /// A sentence.
    Text(String),
    /// A sentence of less weight.
    Soft(String),
    /// Names and values.
    Rows(Vec<(&'static str, String)>),
    /// Whether a reply reaches somebody.
    Notice {
        /// A sentence.
        text: String,
        /// What to do.
        then: &'static str,
        /// It does.
        good: bool,
    },
    /// Links that look like buttons, the first one most.
    Buttons(Vec<Button>),
}

/// A link that looks like a button.
#[derive(Clone, Debug)]
pub struct Button {
    /// What it says.
    pub label: &'static str,
    /// Where it leads.
    pub href: String,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    letter: &'a Letter,
    start: &'static str,
    end: &'static str,
    dark: &'static [(&'static str, &'static str)],
}

/// Colours on dark ground, by class. Mail programs that paint light grounds dark by themselves see them, too.
const DARK: &[(&str, &str)] = &[
    ("page", "background:#12151c!important"),
    ("card", "background:#1c202b!important;border-color:#79829a!important;color:#f1f3f8!important"),
    ("soft", "color:#aab2c5!important"),
    ("wrong", "color:#ff9a94!important"),
    ("bar", "border-color:#79829a!important"),
    ("line", "border-color:#3a4152!important"),
    ("mark", "background:#3a2d18!important;color:#f1f3f8!important"),
    ("good", "background:#1f3328!important;color:#f1f3f8!important"),
    ("main", "background:#c3ccff!important;border-color:#c3ccff!important;color:#12151c!important"),
    ("other", "border-color:#aab2c5!important;color:#c3ccff!important"),
    ("brand", "color:#9db8ee!important"),
];

impl Letter {
    /// As HTML.
    ///
    /// # Errors
    /// What the library says: a fault of ours.
    pub fn html(&self) -> askama::Result<String> {
        let (start, end) = if self.language.is_rtl() { ("right", "left") } else { ("left", "right") };
        Html { letter: self, start, end, dark: DARK }.render()
    }
}
