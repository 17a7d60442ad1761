//! Which pages may use a site key: origins as browsers write them, and all subdomains of one level.

/// A star in an origin's place stands for one label of the host.
const STAR: &str = "*.";

/// An origin as a browser would write it: scheme, host and a port other than the scheme's own (RFC 6454 section 6.2), in
/// lower case, the host as A-labels. `*.` before the host stands for each of its subdomains of one level, `null` for every
/// sandboxed frame.
///
/// # Errors
/// What would be accepted.
pub fn parse_origin(text: &str) -> Result<String, String> {
    // What a frame with `sandbox` and without `allow-same-origin` says it is.
    if text == "null" {
        return Ok(text.to_owned());
    }
    let usage = || "give scheme and host alone, such as https://shop.example or http://localhost:8081".to_owned();
    let url = url::Url::parse(text).map_err(|_| usage())?;
    let bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if !bare || !matches!(url.scheme(), "http" | "https") {
        return Err(usage());
    }
    let host = url.host_str().ok_or_else(usage)?;
    let domain = host.strip_prefix(STAR).unwrap_or(host);
    if domain.contains('*') {
        return Err("a star stands for one subdomain, and stands first: https://*.shop.example".to_owned());
    }
    if domain.len() < host.len() && !domain.trim_end_matches('.').contains('.') {
        return Err(format!(
            "{STAR}{domain} would let in everybody's pages below .{domain}: name a domain of your own, such as \
             https://*.shop.example"
        ));
    }
    Ok(url.origin().ascii_serialization())
}

/// The origin with a star that stands for this one, if any: `https://*.shop.example` for `https://de.shop.example`.
pub fn star_for(origin: &str) -> Option<String> {
    let (scheme, host) = origin.split_once("://")?;
    let (_, domain) = host.split_once('.')?;
    Some(format!("{scheme}://{STAR}{domain}"))
}

/// Whether one of `allowed` is this origin, or stands for it.
pub fn allows(allowed: &[String], origin: &str) -> bool {
    if allowed.iter().any(|allowed| allowed == origin) {
        // Nobody's page is at a host with a star in it.
        return !origin.contains('*');
    }
    allowed.iter().any(|allowed| allowed.contains('*'))
        && star_for(origin).is_some_and(|star| !origin.contains('*') && allowed.contains(&star))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_written_as_browsers_do() {
        for (given, origin) in [
            ("https://Shop.Example", "https://shop.example"),
            ("https://shop.example:443/", "https://shop.example"),
            ("http://localhost:8081", "http://localhost:8081"),
            ("https://*.Shop.example", "https://*.shop.example"),
            ("https://*.shop.example:8443", "https://*.shop.example:8443"),
            ("https://*.bücher.example", "https://*.xn--bcher-kva.example"),
            ("null", "null"),
        ] {
            assert_eq!(parse_origin(given).as_deref(), Ok(origin));
        }
        for bad in ["shop.example", "https://shop.example/page", "ftp://shop.example", "*", ""] {
            assert!(parse_origin(bad).is_err(), "{bad}");
        }
        for bad in
            ["https://*", "https://*.example", "https://de.*.example", "https://*.*.shop.example", "https://s*.b.c"]
        {
            assert!(parse_origin(bad).unwrap_err().contains("*.shop.example"), "{bad}");
        }
    }

    #[test]
    fn star_stands_for_one_level() {
        let allowed: Vec<_> = ["https://*.shop.example", "https://pay.example:8443"].map(str::to_owned).into();
        for (origin, is_allowed) in [
            ("https://de.shop.example", true),
            ("https://pay.example:8443", true),
            ("https://shop.example", false),
            ("https://a.b.shop.example", false),
            ("https://de.shop.example:8443", false),
            ("http://de.shop.example", false),
            ("https://evilshop.example", false),
            ("https://de.pay.example:8443", false),
            ("https://*.shop.example", false),
            ("null", false),
        ] {
            assert_eq!(allows(&allowed, origin), is_allowed, "{origin}");
        }
    }
}
