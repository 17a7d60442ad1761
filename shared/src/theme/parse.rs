//! From a document's JSON to a theme, naming everything that is wrong with it at once.

use serde_json::Value;

use super::{Accent, Card, Color, DARK, LIGHT, Ratio, Theme, font};
use crate::document::{Faults, Object, quoted};
use crate::limits::RADIUS_MAX_PX;
use crate::problem::FieldError;

const THEME: &[&str] = &["accent", "on_accent", "accent_dark", "on_accent_dark", "radius", "font", "density", "scheme"];

/// Values with a name each.
pub(super) trait Named: Copy + Default + 'static {
    /// All of them.
    const ALL: &'static [(&'static str, Self)];
}

impl Theme {
    /// Reads a document. Whatever it leaves out has a default; an accent that is left out is a shade that is seen.
    ///
    /// # Errors
    /// What is wrong, each with a JSON pointer; at most 50. Of colours that cannot be told apart, how far they are and
    /// which would do.
    pub fn parse(document: &Value) -> Result<Self, Vec<FieldError>> {
        let mut faults = Faults::default();
        let theme = read(&mut faults, document);
        faults.end(theme)
    }
}

fn read(faults: &mut Faults, document: &Value) -> Option<Theme> {
    let object = faults.object(document, "", THEME)?;
    let before = faults.count();
    let [accent, ink, accent_dark, ink_dark] =
        ["accent", "on_accent", "accent_dark", "on_accent_dark"].map(|name| color(faults, object, name));
    // What cannot be read cannot be compared.
    let accents = (faults.count() == before).then(|| {
        let light = LIGHT.accent(faults, accent.unwrap_or(LIGHT.default_accent), ink);
        let dark = match accent_dark {
            Some(given) => DARK.accent(faults, given, ink_dark),
            None => DARK.derived_accent(faults, accent.unwrap_or(DARK.default_accent), ink_dark),
        };
        (light, dark)
    });
    let radius = radius(faults, object);
    let font = font(faults, object);
    let density = named(faults, object, "density");
    let scheme = named(faults, object, "scheme");
    let (light, dark) = accents?;
    Some(Theme {
        accent: light.color,
        on_accent: light.ink,
        accent_dark: dark.color,
        on_accent_dark: dark.ink,
        radius,
        font,
        density,
        scheme,
    })
}

fn color(faults: &mut Faults, object: Object<'_>, name: &str) -> Option<Color> {
    object.members.get(name)?;
    let text = faults.string(object, name)?;
    text.parse().ok().or_else(|| faults.wrong(object.pointer(name), "must be a colour such as \"#27346b\" or \"#fff\""))
}

fn radius(faults: &mut Faults, object: Object<'_>) -> u8 {
    let default = Theme::default().radius;
    let Some(value) = object.members.get("radius") else { return default };
    let found = value.as_u64().and_then(|px| u8::try_from(px).ok()).filter(|px| *px <= RADIUS_MAX_PX);
    let detail = || format!("must be a whole number of pixels from 0 to {RADIUS_MAX_PX}");
    found.or_else(|| faults.wrong(object.pointer("radius"), detail())).unwrap_or(default)
}

fn font(faults: &mut Faults, object: Object<'_>) -> String {
    let default = || font::DEFAULT.to_owned();
    if !object.members.contains_key("font") {
        return default();
    }
    let Some(text) = faults.string(object, "font") else { return default() };
    font::parse(text).unwrap_or_else(|detail| {
        faults.tell(object.pointer("font"), detail);
        default()
    })
}

fn named<T: Named>(faults: &mut Faults, object: Object<'_>, name: &str) -> T {
    let Some(value) = object.members.get(name) else { return T::default() };
    let found = T::ALL.iter().find(|(known, _)| value.as_str() == Some(known));
    let known = || quoted(T::ALL.iter().map(|(known, _)| *known));
    let found = found.or_else(|| faults.wrong(object.pointer(name), format!("must be one of {}", known())));
    found.map(|(_, value)| *value).unwrap_or_default()
}

impl Card {
    /// The accent as it was asked for, with its ink; tells what cannot be seen.
    fn accent(&self, faults: &mut Faults, color: Color, ink: Option<Color>) -> Accent {
        let nearest = color.nearest(|shade| self.shows(shade) && is_read(shade, ink));
        if !self.shows(color) {
            let nearest = nearest.or_else(|| color.nearest(|shade| self.shows(shade)));
            let would_do = nearest.map(|shade| format!(": {shade} would do")).unwrap_or_default();
            let found = color.contrast(self.paper);
            let detail =
                format!("{color} on the {} ({}) has {found}, {} is needed", self.name, self.paper, Ratio::CONTROL);
            faults.tell(format!("/{}", self.accent), format!("{detail} (WCAG 2.2, SC 1.4.11){would_do}"));
        }
        // The shade told above is read with the ink, too, where there is one.
        if let Some(ink) = ink
            && !is_read(color, Some(ink))
            && (self.shows(color) || nearest.is_none())
        {
            let other = nearest.map(|shade| format!(", or {shade} as {}", self.accent)).unwrap_or_default();
            let detail = format!("{ink} on {color} has {}, {} is needed", ink.contrast(color), Ratio::TEXT);
            let would_do = format!("{} would do{other}", color.ink());
            faults.tell(format!("/{}", self.on_accent), format!("{detail} (WCAG 2.2, SC 1.4.3): {would_do}"));
        }
        Accent { color, ink: ink.unwrap_or(color.ink()) }
    }

    /// The shade of `color` that is nearest and seen.
    fn derived_accent(&self, faults: &mut Faults, color: Color, ink: Option<Color>) -> Accent {
        let nearest = |ink| color.nearest(|shade| self.shows(shade) && is_read(shade, ink));
        match nearest(ink) {
            Some(shade) => Accent { color: shade, ink: ink.unwrap_or(shade.ink()) },
            // No accent goes with this ink: told of one that is seen.
            None => self.accent(faults, nearest(None).unwrap_or(color), ink),
        }
    }
}

/// Whether words in `ink` are read on an accent; ink that is not given is chosen so.
fn is_read(accent: Color, ink: Option<Color>) -> bool {
    ink.is_none_or(|ink| ink.contrast(accent) >= Ratio::TEXT)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_said_is_what_the_widget_looks_like() {
        let theme = Theme::parse(&json!({})).unwrap();
        assert_eq!(theme, Theme::default());
        assert_eq!(
            serde_json::to_value(&theme).unwrap(),
            json!({
                "accent": "#27346b", "on_accent": "#fff", "accent_dark": "#5266c9", "on_accent_dark": "#fff", "radius": 20,
                "font": "system-ui, -apple-system, \"Segoe UI\", \"Roboto\", sans-serif", "density": "comfortable",
                "scheme": "auto",
            })
        );
        assert!(theme.contrasts().iter().all(|contrast| contrast.ratio >= contrast.needed), "{:?}", theme.contrasts());
    }

    #[test]
    fn papers_and_defaults_are_those_of_the_style_sheets() {
        let css = include_str!("../../../widget/styles/widget.css").replace(' ', "");
        let papers: Vec<_> = css.split("--paper:").skip(1).map(|rest| rest.split(';').next().unwrap()).collect();
        assert_eq!(papers[..2], [LIGHT.paper, DARK.paper].map(|paper| paper.to_string()));
    }

    #[test]
    fn whatever_is_said_is_kept() {
        let document = json!({
            "accent": "#2F4A3C", "on_accent": "#ffe", "accent_dark": "#8fc7a8", "on_accent_dark": "#10241a", "radius": 0,
            "font": "inherit", "density": "compact", "scheme": "dark",
        });
        let theme = serde_json::to_value(Theme::parse(&document).unwrap()).unwrap();
        let mut expected = document;
        (expected["accent"], expected["on_accent"]) = (json!("#2f4a3c"), json!("#ffe"));
        assert_eq!(theme, expected);
        // What is served can be stored.
        assert_eq!(serde_json::to_value(Theme::parse(&theme).unwrap()).unwrap(), theme);
    }

    #[test]
    fn every_accent_that_is_taken_has_a_dark_one_that_is_seen() {
        let mut taken = 0;
        for n in 0..512_u16 {
            let accent = Color::new([n >> 6, n >> 3 & 7, n & 7].map(|step| (step * 36) as u8));
            let parsed = Theme::parse(&json!({ "accent": accent.to_string() }));
            assert_eq!(parsed.is_ok(), LIGHT.shows(accent), "{accent}: {parsed:?}");
            for contrast in parsed.iter().flat_map(Theme::contrasts) {
                assert!(contrast.ratio >= contrast.needed, "{accent}: {contrast:?}");
            }
            taken += usize::from(parsed.is_ok());
        }
        assert!((200..450).contains(&taken), "{taken}");
    }

    fn faults(document: Value) -> Vec<(String, String)> {
        let errors = Theme::parse(&document).unwrap_err();
        errors.into_iter().map(|error| (error.pointer, error.detail)).collect()
    }

    #[test]
    fn what_cannot_be_seen_is_told_with_its_figure_and_what_would_do() {
        let sc = "(WCAG 2.2, SC 1.4.11)";
        let light = |accent, ratio, near| {
            let detail =
                format!("{accent} on the light card (#fff) has {ratio}:1, 3:1 is needed {sc}: {near} would do");
            vec![("/accent".to_owned(), detail)]
        };
        assert_eq!(faults(json!({ "accent": "#ffd400" })), light("#ffd400", 1.43, "#af9200"));
        // The shade told is read with the ink, too: following the advice ends the matter.
        let told = faults(json!({ "accent": "#ffd400", "on_accent": "#fff" }));
        let near = told[0].1.rsplit(": ").next().unwrap().strip_suffix(" would do").unwrap();
        assert_eq!(told, light("#ffd400", 1.43, near));
        Theme::parse(&json!({ "accent": near, "on_accent": "#fff" })).unwrap();

        let told = faults(json!({ "accent_dark": "#27346b" }));
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].0, "/accent_dark");
        assert!(told[0].1.starts_with("#27346b on the dark card (#1c202b) has 1."), "{told:?}");
    }

    #[test]
    fn ink_that_cannot_be_read_is_told_with_both_ways_out() {
        let told = faults(json!({ "accent": "#e0457b", "on_accent": "#fff" }));
        assert_eq!((told.len(), told[0].0.as_str()), (1, "/on_accent"));
        assert!(told[0].1.starts_with("#fff on #e0457b has 3."), "{told:?}");
        assert!(told[0].1.contains("4.5:1 is needed (WCAG 2.2, SC 1.4.3): #050505 would do, or #"), "{told:?}");
        let near = told[0].1.split("or ").last().unwrap().strip_suffix(" as accent").unwrap();
        Theme::parse(&json!({ "accent": near, "on_accent": "#fff" })).unwrap();

        // No shade that is seen on white goes with this grey; no dark one either.
        let told = faults(json!({ "accent": "#27346b", "on_accent": "#666", "on_accent_dark": "#777" }));
        let pointers: Vec<_> = told.iter().map(|(pointer, _)| pointer.as_str()).collect();
        assert_eq!(pointers, ["/on_accent", "/on_accent_dark"], "{told:?}");
        assert!(told.iter().all(|(_, detail)| detail.ends_with("would do")), "{told:?}");
    }

    #[test]
    fn pages_get_the_colors_of_each_scheme() {
        let css = |scheme: &str| Theme::parse(&json!({ "accent": "#2f4a3c", "scheme": scheme })).unwrap().page_css();
        let (light, dark) = (css("light"), css("dark"));
        assert_eq!(light, ":root { --counterbell-accent: #2f4a3c; --counterbell-on-accent: #fff; }");
        assert_eq!(dark, ":root { --counterbell-accent: #49735d; --counterbell-on-accent: #fff; }");
        assert_eq!(css("auto"), format!("{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}"));
    }

    #[test]
    fn each_fault_is_named_beside_the_others() {
        for (pointers, document) in [
            (vec![""], json!([])),
            (vec!["/colour"], json!({ "colour": "#fff" })),
            (vec!["/accent", "/on_accent_dark"], json!({ "accent": "navy", "on_accent_dark": 7 })),
            (vec!["/accent"], json!({ "accent": null })),
            (vec!["/radius"], json!({ "radius": 33 })),
            (vec!["/radius"], json!({ "radius": -1 })),
            (vec!["/radius"], json!({ "radius": 1.5 })),
            (vec!["/radius"], json!({ "radius": "12px" })),
            (vec!["/font", "/density"], json!({ "font": "a;b", "density": "tight" })),
            (vec!["/font"], json!({ "font": ["Inter"] })),
            (vec!["/accent", "/scheme"], json!({ "accent": "#fff", "scheme": "" })),
        ] {
            let told = faults(document.clone());
            let found: Vec<_> = told.iter().map(|(pointer, _)| pointer.as_str()).collect();
            assert_eq!(found, pointers, "{document}");
        }
    }
}
