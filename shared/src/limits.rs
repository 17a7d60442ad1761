//! Every limit a client can run into, in one place.

/// Largest request body taken, in bytes, as JSON or as a form.
///
/// Fields that each keep to their own limit fit into it together, however they are written. As JSON a letter takes up to 6
/// bytes and one outside the basic plane 12 (`\ud83d\udd14`), so that comment and answers take 250 KB and all else 25 KB.
/// A form takes 12 bytes for the latter (`%F0%9F%94%94`), and repeats the question's id with each choice: what a survey of
/// [`SURVEY_MAX_BYTES`] can ask makes 115 KB of that.
pub const BODY_MAX_BYTES: usize = 320 * 1024;
/// Longest comment, in Unicode scalar values.
pub const COMMENT_MAX_CHARS: usize = 10_000;
/// Longest touchpoint name, in Unicode scalar values.
pub const TOUCHPOINT_MAX_CHARS: usize = 64;
/// Longest customer or order reference, in Unicode scalar values.
pub const REFERENCE_MAX_CHARS: usize = 128;
/// Longest e-mail address, in bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets).
pub const EMAIL_MAX_BYTES: usize = 254;
/// Longest language tag, in bytes (RFC 5646 section 4.4.1).
pub const LOCALE_MAX_BYTES: usize = 35;
/// Longest page URL kept, in bytes.
pub const PAGE_URL_MAX_BYTES: usize = 2_048;
/// Highest revision of a response: far more than a customer changes an answer.
pub const REVISION_MAX: u16 = 1_000;
/// Highest revision of a response that is not complete which replaces what is stored: room for a form that sends at every
/// step, and not for a program that rewrites a response, its alert and its words in the search index all day.
pub const REPLACING_REVISION_MAX: u16 = 200;
/// Most items of one page of a list.
pub const PAGE_MAX_ITEMS: u32 = 200;
/// Items of a page when the caller names no number.
pub const PAGE_DEFAULT_ITEMS: u32 = 50;
/// Longest name of a survey, and id of a question or a choice, in characters.
pub const SLUG_MAX_CHARS: usize = 40;
/// Largest survey document, in bytes.
pub const SURVEY_MAX_BYTES: usize = 64 * 1024;
/// Longest text of a survey in one language, in Unicode scalar values.
pub const SURVEY_TEXT_MAX_CHARS: usize = 500;
/// Most languages of one text.
pub const LOCALES_MAX: usize = 50;
/// Most steps of a survey.
pub const STEPS_MAX: usize = 20;
/// Most questions of one step.
pub const ASKS_MAX: usize = 10;
/// Most choices of one question.
pub const CHOICES_MAX: usize = 30;
/// Most variants of the thanks.
pub const THANKS_MAX: usize = 20;
/// Most questions one response answers, score and comment aside.
pub const ANSWERS_MAX: usize = STEPS_MAX * ASKS_MAX;
/// Largest answers of one response, in bytes: ids of questions and choices, and the customer's own words, together.
pub const ANSWERS_MAX_BYTES: usize = 16 * 1024;
/// Longest answer in the customer's own words beside the choices, in Unicode scalar values.
pub const OTHER_MAX_CHARS: usize = 1_000;
/// Most surveys of one site, by name.
pub const SURVEYS_MAX: usize = 100;
/// Largest theme document, in bytes.
pub const THEME_MAX_BYTES: usize = 4 * 1024;
/// Largest document of a site's words, in bytes.
pub const SITE_WORDS_MAX_BYTES: usize = 64 * 1024;
/// Largest radius of the card's corners, in CSS pixels.
pub const RADIUS_MAX_PX: u8 = 32;
/// Most fonts of one list.
pub const FONTS_MAX: usize = 10;
/// Longest name of a font, in Unicode scalar values.
pub const FONT_MAX_CHARS: usize = 64;
/// Largest document of an alert rule, in bytes.
pub const RULE_MAX_BYTES: usize = 64 * 1024;
/// Most alert rules a site has in force.
pub const RULES_MAX: usize = 50;
/// Most entries of one list of whom a rule tells.
pub const RULE_TOLD_MAX: usize = 20;
/// Most escalation steps of a rule.
pub const RULE_STEPS_MAX: usize = 10;
/// Most items of one list in a rule's condition.
pub const RULE_ITEMS_MAX: usize = 100;
/// Longest word or phrase a rule looks for, in Unicode scalar values.
pub const RULE_PHRASE_MAX_CHARS: usize = 100;
/// Longest time, limit or window in a rule, in days.
pub const RULE_MAX_DAYS: u8 = 90;
/// Most alerts a rule lets through one by one before it groups them.
pub const RULE_GROUPED_MAX: u32 = 1_000;
/// Most people who belong to one site.
pub const STAFF_MAX: usize = 1_000;
/// Most addresses of one person, the main one aside.
pub const ALIASES_MAX: usize = 10;
/// Most teams of one site.
pub const TEAMS_MAX: usize = 100;
/// Most people of one team.
pub const TEAM_MEMBERS_MAX: usize = 200;
