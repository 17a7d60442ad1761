//! Whether every text of every mail can be read: on light and dark ground, and after a mail program changed the colours by
//! its own rules. Mail programs do that in two ways: those that darken light grounds (and lighten the dark text on them,
//! but leave a coloured button alone), and those that turn every colour over.

use super::DARK;
use crate::mail::samples::all;
use crate::mail::texts::Language;

/// WCAG 2.2, success criterion 1.4.3.
const LEAST: f64 = 4.5;

type Rgb = [f64; 3];

fn rgb(hex: &str) -> Rgb {
    let byte = |at: usize| f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
    [byte(1), byte(3), byte(5)]
}

/// Relative luminance, as WCAG 2.2 defines it.
fn luminance(colour: Rgb) -> f64 {
    let linear = colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// The middle between the strongest and the weakest part: the L of HSL.
fn lightness(colour: Rgb) -> f64 {
    let (min, max) = (colour.into_iter().fold(1.0, f64::min), colour.into_iter().fold(0.0, f64::max));
    f64::midpoint(min, max)
}

/// The same hue and saturation, light for dark (HSL): each part moves by as much as the lightness does.
fn turned_over(colour: Rgb) -> Rgb {
    let by = 1.0 - 2.0 * lightness(colour);
    colour.map(|c| c + by)
}

#[derive(Clone, Copy, Debug)]
struct Colours {
    text: Rgb,
    ground: Rgb,
}

impl Colours {
    /// What declarations such as `color:#000000;background:#ffffff` make of them.
    fn with(mut self, declarations: &str) -> Self {
        for declaration in declarations.split(';') {
            match declaration.trim_end_matches("!important").split_once(':') {
                Some(("color", hex)) => self.text = rgb(hex),
                Some(("background", hex)) => self.ground = rgb(hex),
                _ => {}
            }
        }
        self
    }

    fn assert_readable(self, change: impl Fn(Rgb) -> Rgb, what: &str) {
        let found = contrast(change(self.text), change(self.ground));
        assert!(found >= LEAST, "{what}: {found:.2} {self:?}");
    }
}

fn attribute<'t>(tag: &'t str, name: &str) -> &'t str {
    tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split('"').next()).unwrap_or_default()
}

/// Each text of a mail with its colours, as it is sent and for those who like it dark.
fn texts(html: &str) -> Vec<(String, Colours, Colours)> {
    let none = Colours { text: [0.0; 3], ground: [1.0; 3] };
    let mut open = vec![(none, none)];
    let mut found = Vec::new();
    let body = &html[html.find("<body").unwrap()..html.find("</body").unwrap()];
    for part in body.split('<').skip(1) {
        let (tag, text) = part.split_once('>').unwrap();
        let (light, dark) = *open.last().unwrap();
        if tag.starts_with('/') {
            open.pop();
        } else if tag != "br" {
            let light = light.with(attribute(tag, "style"));
            let classes: Vec<_> = attribute(tag, "class").split(' ').collect();
            let rules = DARK.iter().filter(|(class, _)| classes.contains(class));
            let dark = rules.fold(dark.with(attribute(tag, "style")), |colours, (_, rule)| colours.with(rule));
            open.push((light, dark));
        }
        if !text.trim().is_empty() {
            let (light, dark) = *open.last().unwrap();
            found.push((text.trim().to_owned(), light, dark));
        }
    }
    found
}

#[test]
fn every_text_can_be_read_in_light_and_dark_and_after_a_mail_program_changed_it() {
    for language in [Language::En, Language::Ar] {
        for (name, letter) in all(language) {
            let texts = texts(&letter.html().unwrap());
            assert!(texts.len() > 8, "{name}: {texts:?}");
            for (text, light, dark) in texts {
                let what = |how: &str| format!("{name}, {how}: {text}");
                light.assert_readable(|colour| colour, &what("light"));
                dark.assert_readable(|colour| colour, &what("dark"));
                if lightness(light.ground) > 0.5 {
                    light.assert_readable(turned_over, &what("darkened"));
                }
                for (seen, colours) in [("light", light), ("dark", dark)] {
                    colours.assert_readable(|colour| colour.map(|c| 1.0 - c), &what(&format!("{seen}, inverted")));
                    colours.assert_readable(turned_over, &what(&format!("{seen}, light for dark")));
                }
            }
        }
    }
}

#[test]
fn wordmark_is_seen_on_white_and_on_black() {
    let html = all(Language::En).remove(0).1.html().unwrap();
    let (_, light, dark) = texts(&html).into_iter().find(|(text, ..)| text == "Counterbell").unwrap();
    for ground in [[0.0; 3], [1.0; 3]] {
        assert!(contrast(light.text, ground) >= LEAST, "{light:?}");
    }
    assert!(contrast(dark.text, [0.0; 3]) >= LEAST, "{dark:?}");
}

#[test]
fn contrast_is_that_of_the_standard() {
    assert!((contrast(rgb("#ffffff"), rgb("#000000")) - 21.0).abs() < 1e-9);
    assert!((contrast(rgb("#777777"), rgb("#ffffff")) - 4.48).abs() < 0.01);
    assert_eq!(turned_over(rgb("#ff0000")), rgb("#ff0000"));
    assert_eq!(turned_over(rgb("#ffffff")), rgb("#000000"));
}
