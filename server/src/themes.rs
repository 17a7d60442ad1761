//! Themes: what a site's card is drawn with.

use std::sync::Arc;

use counterbell_shared::Theme;
use counterbell_shared::limits::THEME_MAX_BYTES;
use counterbell_shared::openapi::ThemeDocument;
use counterbell_shared::problem::FieldError;
use counterbell_shared::theme::Contrast;
use diesel::QueryResult;
use serde::Serialize;
use serde_json::Value;
use tracing::warn;
use utoipa::ToSchema;

use crate::db::{AnyConnection, themes};
use crate::document;

/// Reads a theme's document.
///
/// # Errors
/// What is wrong, each with a JSON pointer.
pub fn parse_document(document: &[u8]) -> Result<Theme, Vec<FieldError>> {
    document::parse(document, THEME_MAX_BYTES, Theme::parse)
}

/// A site's theme as it is in force.
#[derive(Debug)]
pub struct SiteTheme {
    document: String,
    theme: Option<Theme>,
}

impl SiteTheme {
    /// The theme of a site; `known` is not read again as long as it is the same.
    ///
    /// # Errors
    /// What the database says.
    pub fn load(conn: &mut AnyConnection, site_id: i64, known: Option<&Arc<Self>>) -> QueryResult<Option<Arc<Self>>> {
        let Some(document) = themes::find(conn, site_id)? else { return Ok(None) };
        if let Some(known) = known.filter(|known| known.document == document) {
            return Ok(Some(Arc::clone(known)));
        }
        // Responses are worth more than colours: a document nobody can read must not keep a site from being asked.
        let theme = parse_document(document.as_bytes()).ok();
        if theme.is_none() {
            warn!(
                site.id = site_id,
                "The theme of site {site_id} is not valid, and left out: store it again with `counterbell site theme`"
            );
        }
        Ok(Some(Arc::new(Self { document, theme })))
    }

    /// What to draw with.
    pub fn theme(&self) -> Option<&Theme> {
        self.theme.as_ref()
    }
}

/// A site's theme as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThemeView {
    site_key: String,
    /// As it was written; `None` when the site has none.
    #[schema(value_type = Option<ThemeDocument>)]
    theme: Option<Value>,
    /// With every default filled in.
    resolved: Theme,
    /// What was checked.
    contrasts: [Contrast; 4],
    /// The launcher's colours, for the style sheet of the pages.
    page_css: String,
}

impl ThemeView {
    /// Of a document, or of a site without one.
    ///
    /// # Errors
    /// What is wrong with the document, each with a JSON pointer.
    pub fn new(site_key: &str, document: Option<&[u8]>) -> Result<Self, Vec<FieldError>> {
        let resolved = document.map(parse_document).transpose()?.unwrap_or_default();
        // What was read as a theme is JSON.
        let theme = document.and_then(|document| serde_json::from_slice(document).ok());
        let (contrasts, page_css) = (resolved.contrasts(), resolved.page_css());
        Ok(Self { site_key: site_key.to_owned(), theme, resolved, contrasts, page_css })
    }

    /// With every default filled in.
    pub fn resolved(&self) -> &Theme {
        &self.resolved
    }

    /// What was checked.
    pub fn contrasts(&self) -> &[Contrast] {
        &self.contrasts
    }

    /// The launcher's colours, for the style sheet of the pages.
    pub fn page_css(&self) -> &str {
        &self.page_css
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_of_the_handbook_is_a_theme() {
        let handbook = include_str!("../../docs/THEMES.md");
        let examples: Vec<_> =
            handbook.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
        assert!(examples.len() >= 2);
        for example in examples {
            parse_document(example.as_bytes()).unwrap_or_else(|errors| panic!("{example}: {errors:?}"));
        }
    }

    #[test]
    fn what_is_no_document_is_told_as_a_whole() {
        let pointers = |document: &[u8]| -> Vec<String> {
            parse_document(document).unwrap_err().into_iter().map(|error| error.pointer).collect()
        };
        assert_eq!(pointers(b"{"), [""]);
        assert_eq!(pointers(&[b' '; THEME_MAX_BYTES + 1]), [""]);
        assert_eq!(pointers(br##"{"radius": 1, "radius": 2}"##), ["/radius"]);
    }
}
