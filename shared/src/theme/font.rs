//! A list of fonts that is safe in a style sheet: names alone, quoted by us.

use crate::limits::{FONT_MAX_CHARS, FONTS_MAX};

/// What the card is written in when a theme names nothing.
pub const DEFAULT: &str = "system-ui, -apple-system, \"Segoe UI\", \"Roboto\", sans-serif";

/// Takes the page's.
const INHERIT: &str = "inherit";

/// Stand for a font of the device: keywords, which quotes would make names of (CSS Fonts 4 section 2.1.3).
const GENERIC: [&str; 12] = [
    "serif",
    "sans-serif",
    "system-ui",
    "monospace",
    "cursive",
    "fantasy",
    "math",
    "ui-serif",
    "ui-sans-serif",
    "ui-monospace",
    "ui-rounded",
    "emoji",
];

/// As [`GENERIC`], for Apple's older browsers only.
const APPLE: [&str; 2] = ["-apple-system", "BlinkMacSystemFont"];

/// Of no font: CSS keeps them for itself.
const RESERVED: [&str; 6] = [INHERIT, "initial", "unset", "revert", "revert-layer", "default"];

/// Reads a `font-family` list; one that ends with no generic family gets `sans-serif` for its last.
///
/// # Errors
/// What it must be.
pub fn parse(text: &str) -> Result<String, String> {
    if text.trim() == INHERIT {
        return Ok(INHERIT.to_owned());
    }
    let mut families = text.split(',').map(|name| family(name.trim())).collect::<Result<Vec<_>, _>>()?;
    if families.len() > FONTS_MAX {
        return Err(format!("must have at most {FONTS_MAX} fonts"));
    }
    if !families.last().is_some_and(|last| GENERIC.contains(&last.as_str())) {
        families.push("sans-serif".to_owned());
    }
    Ok(families.join(", "))
}

fn family(given: &str) -> Result<String, String> {
    let keyword = GENERIC.iter().chain(&APPLE).find(|keyword| keyword.eq_ignore_ascii_case(given));
    if let Some(keyword) = keyword {
        return Ok((*keyword).to_owned());
    }
    let unquoted = ['"', '\''].into_iter().find_map(|quote| given.strip_prefix(quote)?.strip_suffix(quote));
    let name = unquoted.unwrap_or(given).trim();
    if name.is_empty() {
        return Err("must be names of fonts with commas between them, or \"inherit\"".to_owned());
    }
    if name.chars().nth(FONT_MAX_CHARS).is_some() {
        return Err(format!("must have names of at most {FONT_MAX_CHARS} characters"));
    }
    if !name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.')) {
        return Err("must be names of fonts: letters, digits, spaces, hyphens, underscores and full stops".to_owned());
    }
    if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
        return Err(format!("cannot have \"{name}\" among the names: \"inherit\" stands alone"));
    }
    Ok(format!("\"{name}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_keywords_are_not() {
        for (given, list) in [
            ("inherit", "inherit"),
            ("Inter", "\"Inter\", sans-serif"),
            (
                "Inter, \"Helvetica Neue\" ,'Segoe UI',Sans-Serif",
                "\"Inter\", \"Helvetica Neue\", \"Segoe UI\", sans-serif",
            ),
            ("Source Serif 4.0, serif", "\"Source Serif 4.0\", serif"),
            ("blinkmacsystemfont", "BlinkMacSystemFont, sans-serif"),
            ("\u{30d2}\u{30e9}\u{30ae}\u{30ce}", "\"\u{30d2}\u{30e9}\u{30ae}\u{30ce}\", sans-serif"),
            ("system-ui, emoji", "system-ui, emoji"),
        ] {
            assert_eq!(parse(given).as_deref(), Ok(list));
            assert_eq!(parse(list).as_deref(), Ok(list), "read again");
        }
        assert_eq!(parse(DEFAULT).as_deref(), Ok(DEFAULT));
    }

    #[test]
    fn what_could_end_the_declaration_is_refused() {
        for bad in [
            "",
            " ",
            ",",
            "Inter,",
            "Inter,,Arial",
            "Inter; color: red",
            "\"Inter",
            "In\"ter",
            "In\\22 ter",
            "url(x)",
            "In\nter",
            "Inter}",
            "</style>",
            "var(--x)",
            "\"\"",
            "\"a, b\"",
            "Inter, inherit",
            "initial",
            "\"unset\"",
            "/* x */",
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
        assert!(parse(&["A"; FONTS_MAX + 1].join(",")).unwrap_err().contains("10"));
        assert!(parse(&"A".repeat(FONT_MAX_CHARS + 1)).unwrap_err().contains("64"));
    }
}
