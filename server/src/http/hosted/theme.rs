//! A site's theme as a style sheet of its own: the page's policy lets in no styles that stand in the page.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};
use counterbell_shared::problem::ProblemCode;
use counterbell_shared::theme::{Density, Scheme};
use counterbell_shared::{SiteKey, Theme};

use super::files::{FOREVER, name_of};
use crate::http::operations::{Css, Kept, Written};
use crate::http::{ApiError, etag};
use crate::sites::{Directory, KnownSite};

/// For one whose name is that of an older theme.
const FOR_A_MINUTE: &str = "public, max-age=60";

/// The site's theme as CSS, under a name made from it; `None` for a site without a theme.
pub fn sheet_of(known: &KnownSite) -> Option<(String, String)> {
    let css = css_of(known.theme.as_ref()?.theme()?);
    Some((name_of("theme", "css", &css), css))
}

/// Every value is a number, a colour we write, or a list of fonts we quoted.
fn css_of(theme: &Theme) -> String {
    let Theme { accent, on_accent, accent_dark, on_accent_dark, radius, font, .. } = theme;
    // The page around it is another document, whose fonts are not here.
    let font = if font == "inherit" { String::new() } else { format!(";--font:{font}") };
    let dark = format!("{{--accent:{accent_dark};--on-accent:{on_accent_dark}}}");
    format!(
        ":root{{--accent:{accent};--on-accent:{on_accent};--radius:{radius}px{font}}}\n\
         @media (prefers-color-scheme:dark){{:root[data-scheme=auto]{dark}}}\n:root[data-scheme=dark]{dark}\n"
    )
}

/// How the page is marked for the style sheets: scheme, what of it the browser draws by itself, and density.
pub fn marks_of(known: &KnownSite) -> (&'static str, &'static str, &'static str) {
    let theme = known.theme.as_ref().and_then(|theme| theme.theme());
    let (scheme, browser) = match theme.map(|theme| theme.scheme).unwrap_or_default() {
        Scheme::Auto => ("auto", "light dark"),
        Scheme::Light => ("light", "light"),
        Scheme::Dark => ("dark", "dark"),
    };
    let density = match theme.map(|theme| theme.density).unwrap_or_default() {
        Density::Comfortable => "comfortable",
        Density::Compact => "compact",
    };
    (scheme, browser, density)
}

/// The theme in force, whatever its name was when the page was written.
///
/// # Errors
/// 404 for an unknown site and for one without a theme, 503.
pub async fn get_theme(
    request: HttpRequest,
    directory: web::Data<Directory>,
    path: web::Path<(String, String)>,
) -> Result<Written<Kept<Css>>, ApiError> {
    let (site_key, wanted) = path.into_inner();
    let site_key: SiteKey = site_key.parse().map_err(|_| ApiError::unknown_site())?;
    let known = directory.site(&site_key).await?.ok_or_else(ApiError::unknown_site)?;
    let sheet = sheet_of(&known);
    let (name, css) = sheet.ok_or_else(|| ApiError::new(ProblemCode::NotFound, "The site has no theme."))?;
    let cache_control = if name == wanted { FOREVER } else { FOR_A_MINUTE };
    let (mut answer, fresh) = etag::cached(&request, &format!("\"{name}\""), cache_control);
    answer
        .insert_header((CONTENT_TYPE, "text/css; charset=utf-8"))
        .insert_header(("X-Content-Type-Options", "nosniff"));
    Ok(if fresh { answer.finish() } else { answer.body(css) }.into())
}
