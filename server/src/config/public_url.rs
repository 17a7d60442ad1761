//! Where the server is reached from outside.

use std::fmt;
use std::str::FromStr;

use clap::Args;
use url::Url;

use super::ConfigError;

/// The address under which pages and people reach the server: scheme and host, and a path when a proxy serves it below one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

/// A text is no such address; `Display` says what would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be an address such as https://feedback.shop.example: http or https, without user, query and fragment")]
pub struct InvalidPublicUrl;

impl PublicUrl {
    /// The address of what lives at `path`, which begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{self}{path}")
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPublicUrl> {
        let url = Url::parse(text).map_err(|_| InvalidPublicUrl)?;
        let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        let is_web = matches!(url.scheme(), "http" | "https") && url.password().is_none();
        if is_bare && is_web { Ok(Self(url)) } else { Err(InvalidPublicUrl) }
    }
}

/// Without a slash at its end.
impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// The public address, for commands that print others below it.
#[derive(Args, Clone, Debug, Default)]
pub struct PublicUrlArgs {
    /// Address under which the server is reached, such as `https://feedback.shop.example`
    #[arg(long, env = "COUNTERBELL_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
}

impl PublicUrlArgs {
    /// What was given, or else what the file has.
    pub(super) fn or(&self, file: Option<String>) -> Option<String> {
        self.public_url.clone().or(file)
    }
}

/// What a setting says.
///
/// # Errors
/// [`ConfigError::Invalid`].
pub(super) fn resolve(given: Option<&str>) -> Result<Option<PublicUrl>, ConfigError> {
    let invalid = |error: InvalidPublicUrl| ConfigError::Invalid {
        setting: "--public-url (COUNTERBELL_PUBLIC_URL)",
        reason: error.to_string(),
    };
    given.map(PublicUrl::from_str).transpose().map_err(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_is_joined_with_what_lives_below_it() {
        for (given, joined) in [
            ("https://feedback.shop.example", "https://feedback.shop.example/widget.js"),
            ("HTTPS://Feedback.Shop.example/", "https://feedback.shop.example/widget.js"),
            ("http://localhost:8080/bell/", "http://localhost:8080/bell/widget.js"),
        ] {
            assert_eq!(given.parse::<PublicUrl>().unwrap().at("/widget.js"), joined);
        }
        for bad in
            ["feedback.shop.example", "ftp://shop.example", "https://ann:secret@shop.example", "https://x/?a=1", ""]
        {
            assert_eq!(bad.parse::<PublicUrl>(), Err(InvalidPublicUrl), "{bad}");
        }
    }
}
