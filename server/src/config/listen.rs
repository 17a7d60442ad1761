//! Where to listen.

use std::net::{SocketAddr, ToSocketAddrs as _};

use super::ConfigError;

/// The address given, or every address of the name given, IPv4 first.
///
/// # Errors
/// [`ConfigError::Invalid`] for what is no address and port, and for a name nobody knows.
pub(super) fn addresses(listen: &str) -> Result<Vec<SocketAddr>, ConfigError> {
    if let Ok(address) = listen.parse() {
        return Ok(vec![address]);
    }
    let invalid = |reason| ConfigError::Invalid { setting: "--listen (COUNTERBELL_LISTEN)", reason };
    let named = listen.rsplit_once(':').and_then(|(name, port)| Some((name, port.parse::<u16>().ok()?)));
    let (name, port) = named.filter(|(name, _)| is_name(name)).ok_or_else(|| {
        let examples = "127.0.0.1:8080, localhost:8080 or [::]:8080";
        invalid(format!("\"{listen}\" is not an address and a port, such as {examples}"))
    })?;
    let unknown = |error| invalid(format!("\"{name}\" has no address ({error}): use one such as 127.0.0.1:{port}"));
    let mut found: Vec<_> = (name, port).to_socket_addrs().map_err(unknown)?.collect();
    found.sort_by_key(|address| (address.is_ipv6(), *address));
    found.dedup();
    Ok(found)
}

/// Not an IPv6 address without its brackets.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_stands_for_itself_and_a_name_for_its_addresses() {
        let resolved = |text: &str| addresses(text).map_err(|error| error.to_string());
        assert_eq!(resolved("[::1]:8080"), Ok(vec!["[::1]:8080".parse().unwrap()]));
        assert_eq!(resolved("0.0.0.0:0"), Ok(vec!["0.0.0.0:0".parse().unwrap()]));
        let localhost = resolved("localhost:8080").unwrap();
        assert!(localhost.contains(&"127.0.0.1:8080".parse().unwrap()), "{localhost:?}");
        assert!(localhost.iter().all(|address| address.ip().is_loopback()), "{localhost:?}");
    }

    #[test]
    fn anything_else_is_refused_with_the_setting() {
        for text in
            ["", "8080", ":8080", "localhost", "localhost:", "localhost:99999", "::1:8080", "http://x:80", "a b:1"]
        {
            let error = addresses(text).unwrap_err().to_string();
            assert!(
                error.starts_with("--listen (COUNTERBELL_LISTEN): ") && error.contains("localhost:8080"),
                "{error}"
            );
        }
        // RFC 6761 section 6.4: this name never has an address.
        let error = addresses("shop.invalid:8080").unwrap_err().to_string();
        assert!(error.contains("\"shop.invalid\" has no address") && error.contains("127.0.0.1:8080"), "{error}");
    }
}
