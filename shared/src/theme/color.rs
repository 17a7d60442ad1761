//! Colours, and how well one is seen on another: WCAG 2.2, "relative luminance" and "contrast ratio".

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// An opaque colour of sRGB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color([u8; 3]);

/// The text is no `#rgb` or `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidColor;

impl Color {
    /// White.
    pub const WHITE: Self = Self([255; 3]);
    /// So dark that on any colour this or white has 4.5:1.
    pub const NEAR_BLACK: Self = Self([5; 3]);

    /// Of red, green and blue.
    pub const fn new(rgb: [u8; 3]) -> Self {
        Self(rgb)
    }

    /// From 0, black, to 1, white.
    fn luminance(self) -> f64 {
        let [r, g, b] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// From 1:1 to 21:1, whichever of the two is in front.
    pub fn contrast(self, other: Self) -> Ratio {
        let (one, other) = (self.luminance() + 0.05, other.luminance() + 0.05);
        Ratio(one.max(other) / one.min(other))
    }

    /// White or near-black, whichever is read better on this one: always with 4.5:1 or more.
    pub fn ink(self) -> Self {
        let [white, black] = [Self::WHITE, Self::NEAR_BLACK].map(|ink| self.contrast(ink));
        if white >= black { Self::WHITE } else { Self::NEAR_BLACK }
    }

    /// Of this colour's lighter and darker shades the nearest that is good, itself included.
    pub fn nearest(self, good: impl Fn(Self) -> bool) -> Option<Self> {
        const STEPS: u16 = 512;
        let lightness = self.lightness();
        let shades = (0..=STEPS).flat_map(|step| {
            let by = f64::from(step) / f64::from(STEPS);
            [lightness - by, lightness + by]
        });
        let shades = shades.filter(|lightness| (0.0..=1.0).contains(lightness)).map(|lightness| self.shade(lightness));
        // Black and white are ends that no step need meet.
        std::iter::once(self).chain(shades).chain([Self([0; 3]), Self::WHITE]).find(|shade| good(*shade))
    }

    fn parts(self) -> [f64; 3] {
        self.0.map(|part| f64::from(part) / 255.0)
    }

    /// That of HSL (CSS Color 4 section 7), from 0 to 1.
    fn lightness(self) -> f64 {
        let [low, high] = ends(self.parts());
        f64::midpoint(low, high)
    }

    /// The colour of this hue and saturation that has another lightness in HSL.
    fn shade(self, lightness: f64) -> Self {
        // Where the parts lie between the lowest and the highest says the hue. How far apart those are, over how far
        // they could be, is the saturation.
        let widest = |lightness: f64| 1.0 - (2.0 * lightness - 1.0).abs();
        let [low, high] = ends(self.parts());
        let chroma = high - low;
        if chroma == 0.0 {
            return Self([byte(lightness); 3]);
        }
        let new_chroma = chroma / widest(self.lightness()) * widest(lightness);
        let new_low = lightness - new_chroma / 2.0;
        Self(self.parts().map(|part| byte(new_low + new_chroma * (part - low) / chroma)))
    }
}

/// The lowest and the highest part.
fn ends([r, g, b]: [f64; 3]) -> [f64; 2] {
    [r.min(g).min(b), r.max(g).max(b)]
}

fn byte(part: f64) -> u8 {
    // `as` keeps to the ends of the range.
    (part * 255.0).round() as u8
}

impl FromStr for Color {
    type Err = InvalidColor;

    fn from_str(text: &str) -> Result<Self, InvalidColor> {
        let digits = text.strip_prefix('#').ok_or(InvalidColor)?;
        let digits: Option<Vec<u8>> = digits.chars().map(|c| c.to_digit(16)?.try_into().ok()).collect();
        match digits.ok_or(InvalidColor)?[..] {
            [r, g, b] => Ok(Self([r, g, b].map(|digit| digit * 17))),
            [r1, r2, g1, g2, b1, b2] => Ok(Self([(r1, r2), (g1, g2), (b1, b2)].map(|(high, low)| high * 16 + low))),
            _ => Err(InvalidColor),
        }
    }
}

/// As CSS has it, as short as it can be.
impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        if self.0.iter().all(|part| part % 17 == 0) {
            write!(f, "#{:x}{:x}{:x}", r / 17, g / 17, b / 17)
        } else {
            write!(f, "#{r:02x}{g:02x}{b:02x}")
        }
    }
}

impl Serialize for Color {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How many times as much light, from 1 to 21.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Ratio(f64);

impl Ratio {
    /// What texts need (SC 1.4.3, level AA).
    pub const TEXT: Self = Self(4.5);
    /// What controls and their states need (SC 1.4.11).
    pub const CONTROL: Self = Self(3.0);

    /// With two decimals, never more than it is: what fails must not be told as the figure that is needed.
    fn rounded_down(self) -> f64 {
        (self.0 * 100.0 + 1e-6).floor() / 100.0
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:1", self.rounded_down())
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rounded_down().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 4,096 colours, evenly spread.
    fn spread() -> impl Iterator<Item = Color> {
        (0..4096_u16).map(|n| Color([n >> 8, n >> 4 & 15, n & 15].map(|digit| digit as u8 * 17)))
    }

    #[test]
    fn text_becomes_a_colour_and_the_shortest_text_again() {
        for (text, short) in [
            ("#fff", "#fff"),
            ("#27346B", "#27346b"),
            ("#aabbcc", "#abc"),
            ("#aabbc0", "#aabbc0"),
            ("#010203", "#010203"),
        ] {
            assert_eq!(text.parse::<Color>().unwrap().to_string(), short);
        }
        for bad in
            ["", "#", "fff", "#ff", "#ffff", "#fffff", "#fffffff", "#ggg", "# fff", "#+1+1+1", "#\u{ff11}ff", "red"]
        {
            assert_eq!(bad.parse::<Color>(), Err(InvalidColor), "{bad}");
        }
    }

    /// Figures of WebAIM's contrast checker.
    #[test]
    fn contrast_is_that_of_wcag() {
        for (one, other, ratio) in [
            ("#000", "#fff", "21:1"),
            ("#fff", "#fff", "1:1"),
            ("#777", "#fff", "4.47:1"),
            ("#767676", "#fff", "4.54:1"),
            ("#ff0000", "#ffffff", "3.99:1"),
            ("#ffd400", "#fff", "1.43:1"),
        ] {
            let [one, other] = [one, other].map(|text| text.parse::<Color>().unwrap());
            assert_eq!(one.contrast(other).to_string(), ratio, "{one} {other}");
            assert_eq!(other.contrast(one), one.contrast(other));
        }
    }

    #[test]
    fn ink_is_read_on_every_colour() {
        for color in spread() {
            assert!(color.contrast(color.ink()) >= Ratio::TEXT, "{color}");
        }
        assert_eq!("#27346b".parse::<Color>().unwrap().ink(), Color::WHITE);
        assert_eq!("#ffd400".parse::<Color>().unwrap().ink(), Color::NEAR_BLACK);
    }

    #[test]
    fn nearest_shade_is_good_has_the_hue_and_is_no_farther_than_needed() {
        let seen = |shade: Color| shade.contrast(Color::WHITE) >= Ratio::CONTROL;
        for color in spread() {
            let nearest = color.nearest(seen).unwrap();
            assert!(seen(nearest), "{color} {nearest}");
            assert!(!seen(color) || nearest == color, "{color} {nearest}");
            if !seen(color) {
                let ratio = nearest.contrast(Color::WHITE);
                assert!(ratio.0 < 3.1, "{color} {nearest} goes too far: {ratio}");
                assert!(color.0.iter().zip(nearest.0).all(|(before, after)| after <= before.saturating_add(1)));
            }
        }
        assert_eq!("#ffd400".parse::<Color>().unwrap().nearest(seen).unwrap().to_string(), "#af9200");
        assert_eq!("#777".parse::<Color>().unwrap().nearest(|_| false), None);
    }
}
