//! What a site's card is drawn with: colours that can be read, corners, fonts.
//!
//! docs/THEMES.md shows the document by example; [`Theme::parse`] is its one reader.

mod color;
mod font;
mod parse;

use serde::Serialize;

pub use color::{Color, InvalidColor, Ratio};

/// A theme with every default filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Theme {
    /// Of the launcher, of buttons and of what is chosen, on the light card.
    pub accent: Color,
    /// Of texts on it.
    pub on_accent: Color,
    /// The accent on the dark card.
    pub accent_dark: Color,
    /// Of texts on it.
    pub on_accent_dark: Color,
    /// Of the card's corners, in CSS pixels.
    #[cfg_attr(feature = "openapi", schema(value_type = crate::openapi::Radius))]
    pub radius: u8,
    /// A `font-family` list as CSS has it, or `inherit` for the page's.
    pub font: String,
    /// How far apart things are.
    pub density: Density,
    /// Which card is shown.
    pub scheme: Scheme,
}

/// Declares an enum whose variants are named in documents.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl parse::Named for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($text, Self::$variant),)*];
        }
    };
}

named! {
    /// How far apart things are.
    Density {
        /// For fingers and tired eyes.
        #[default]
        Comfortable "comfortable",
        /// More on a small screen.
        Compact "compact",
    }
}

named! {
    /// Which card is shown.
    Scheme {
        /// As the customer's device is set.
        #[default]
        Auto "auto",
        /// Always the light one.
        Light "light",
        /// Always the dark one.
        Dark "dark",
    }
}

/// How well one of the theme's colours is seen on another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Contrast {
    /// The token in front.
    pub token: &'static str,
    /// Its colour.
    pub color: Color,
    /// What is behind it: a token, or the card.
    pub on: &'static str,
    /// The colour of that.
    pub on_color: Color,
    /// How well it is seen.
    pub ratio: Ratio,
    /// How well it must be.
    pub needed: Ratio,
}

/// A card an accent is drawn on. Its colour is that of widget/styles/widget.css.
#[derive(Debug)]
struct Card {
    name: &'static str,
    paper: Color,
    accent: &'static str,
    on_accent: &'static str,
    /// The accent of a site without a theme.
    default_accent: Color,
}

const LIGHT: Card = Card {
    name: "light card",
    paper: Color::WHITE,
    accent: "accent",
    on_accent: "on_accent",
    default_accent: Color::new([0x27, 0x34, 0x6b]),
};

const DARK: Card = Card {
    name: "dark card",
    paper: Color::new([0x1c, 0x20, 0x2b]),
    accent: "accent_dark",
    on_accent: "on_accent_dark",
    default_accent: Color::new([0x52, 0x66, 0xc9]),
};

/// An accent of a card, and what is written on it.
#[derive(Clone, Copy, Debug)]
struct Accent {
    color: Color,
    ink: Color,
}

impl Card {
    /// Whether an accent is seen on the card.
    fn shows(&self, accent: Color) -> bool {
        accent.contrast(self.paper) >= Ratio::CONTROL
    }

    fn contrasts(&self, accent: Accent) -> [Contrast; 2] {
        let Accent { color, ink } = accent;
        let contrast = |token, color: Color, on, on_color, needed| {
            let ratio = color.contrast(on_color);
            Contrast { token, color, on, on_color, ratio, needed }
        };
        [
            contrast(self.accent, color, self.name, self.paper, Ratio::CONTROL),
            contrast(self.on_accent, ink, self.accent, color, Ratio::TEXT),
        ]
    }
}

impl Default for Theme {
    /// What a site without a theme is drawn with.
    fn default() -> Self {
        let [light, dark] = [&LIGHT, &DARK].map(|card| card.default_accent);
        Self {
            accent: light,
            on_accent: light.ink(),
            accent_dark: dark,
            on_accent_dark: dark.ink(),
            radius: 20,
            font: font::DEFAULT.to_owned(),
            density: Density::default(),
            scheme: Scheme::default(),
        }
    }
}

impl Theme {
    /// Every pair of colours that is checked: what was found, and what is needed.
    pub fn contrasts(&self) -> [Contrast; 4] {
        let light = Accent { color: self.accent, ink: self.on_accent };
        let dark = Accent { color: self.accent_dark, ink: self.on_accent_dark };
        let ([a, b], [c, d]) = (LIGHT.contrasts(light), DARK.contrasts(dark));
        [a, b, c, d]
    }

    /// For a page's style sheet: the same colours for what is drawn before the theme is known, the launcher.
    pub fn page_css(&self) -> String {
        let colors = |accent: Color, ink: Color| {
            format!(":root {{ --counterbell-accent: {accent}; --counterbell-on-accent: {ink}; }}")
        };
        let (light, dark) = (colors(self.accent, self.on_accent), colors(self.accent_dark, self.on_accent_dark));
        match self.scheme {
            Scheme::Light => light,
            Scheme::Dark => dark,
            Scheme::Auto => format!("{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}"),
        }
    }
}
