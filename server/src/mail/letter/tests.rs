use counterbell_shared::limits::{COMMENT_MAX_CHARS, PAGE_URL_MAX_BYTES, REFERENCE_MAX_CHARS, TOUCHPOINT_MAX_CHARS};

use crate::db::responses::ResponseRow;
use crate::mail::alert::AlertContent;
use crate::mail::samples::{alert, all, signer};
use crate::mail::texts::Language;

/// Gmail cuts a mail at 102 KB.
const HTML_MAX_BYTES: usize = 100_000;

#[test]
fn html_and_text_have_the_same_links() {
    for language in Language::ALL {
        for (name, letter) in all(language) {
            let (html, text) = (letter.html().unwrap(), letter.text());
            let of_html: Vec<_> =
                html.split(" href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
            let of_text: Vec<_> = text.lines().filter(|line| line.starts_with("https://")).collect();
            assert_eq!(of_html, of_text, "{name} {language:?}");
            let is_about_touchpoints = name.starts_with("silent") || name.starts_with("fallen");
            let has_links = !name.ends_with("-without-links") && !is_about_touchpoints;
            assert_eq!(!of_html.is_empty(), has_links, "{name} {language:?}");
        }
    }
}

#[test]
fn mail_says_its_language_direction_title_and_schemes_and_needs_no_picture() {
    for language in Language::ALL {
        for (name, letter) in all(language) {
            let html = letter.html().unwrap();
            let dir = if language == Language::Ar { "rtl" } else { "ltr" };
            let head = format!("<html lang=\"{}\" dir=\"{dir}\">", language.tag());
            for needed in [
                head.as_str(),
                "<title>",
                "<meta name=\"color-scheme\" content=\"light dark\">",
                "<meta name=\"supported-color-schemes\" content=\"light dark\">",
                "@media (prefers-color-scheme:dark){",
                "[data-ogsc] .card{background:#1c202b!important",
            ] {
                assert!(html.contains(needed), "{name} {language:?}: no {needed}");
            }
            assert!(!html.contains("<title></title>"), "{name}");
            for picture in ["<img", "url(", "<svg", "<script"] {
                assert!(!html.contains(picture), "{name}: {picture}");
            }
        }
    }
}

/// Nothing is wider than a small phone: no fixed width, and no word that cannot be broken.
#[test]
fn nothing_has_a_width_of_its_own() {
    for (name, letter) in all(Language::En) {
        let html = letter.html().unwrap();
        let widths: Vec<_> =
            html.split("width:").skip(1).map(|rest| rest.split([';', '"', '}']).next().unwrap()).collect();
        for width in html.split(" width=\"").skip(1) {
            assert!(width.starts_with("100%\""), "{name}");
        }
        assert!(!widths.iter().any(|width| width.parse::<u32>().is_ok()), "{name}: {widths:?}");
    }
}

#[test]
fn longest_mail_is_not_cut_by_mail_programs() {
    for (c, name) in [("<", "marks"), (".", "dots"), ("\u{1f514}", "bells"), ("&", "ampersands")] {
        let times = |count: usize| c.repeat(count);
        let answers = (0..16).map(|_| (times(500), times(1_000))).collect();
        let response = ResponseRow {
            comment: Some(times(COMMENT_MAX_CHARS)),
            order_ref: Some(times(REFERENCE_MAX_CHARS)),
            customer_ref: Some(times(REFERENCE_MAX_CHARS)),
            page_url: Some(format!("https://shop.example/?{}", "&".repeat(PAGE_URL_MAX_BYTES - 22))),
            complete: false,
            ..alert(Language::Ja).response
        };
        let place = Some(times(TOUCHPOINT_MAX_CHARS));
        let content = AlertContent { response, place, answers, ..alert(Language::Ja) };
        let letter = content.letter(Some(&signer()), "k7qd-02mx", true).unwrap().0;
        let bytes = letter.html().unwrap().len();
        assert!(bytes < HTML_MAX_BYTES, "{name}: {bytes}");
        assert!(letter.text().replace('\u{2060}', "").contains(&times(1_000)), "{name}: the comment is there");
        assert!(letter.html().unwrap().contains(Language::Ja.texts().cut), "{name}");
    }
}
