//! Who sent a request: the peer, or whom a trusted proxy names.

use std::net::IpAddr;
use std::sync::Once;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Networks whose `X-Forwarded-For` is believed.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

static UNTRUSTED_PROXY: Once = Once::new();

impl TrustedProxies {
    /// Believes these.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// The address to count a request by; kept in memory only, never stored or logged. `None` when it cannot be known:
    /// a proxy that nobody told us to trust speaks for many customers.
    ///
    /// An IPv6 address is cut to its /64, which is what one customer's line has.
    pub fn client(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = request.peer_addr()?.ip().to_canonical();
        let client = self.named_by(peer, request.headers());
        if client == peer && !self.trusts(peer) && is_private(peer) && request.headers().contains_key(X_FORWARDED_FOR) {
            UNTRUSTED_PROXY.call_once(|| {
                tracing::warn!(
                    "Requests come through a proxy that is not trusted, so addresses are not limited: name its network \
                     with --trusted-proxy (COUNTERBELL_TRUSTED_PROXIES)"
                );
            });
            return None;
        }
        Some(match client {
            IpAddr::V4(_) => client,
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
        })
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Each proxy adds the address it saw on the right, so what stands left of the first address that is no trusted
    /// proxy may be made up.
    fn named_by(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut named =
            headers.get_all(X_FORWARDED_FOR).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        let mut client = peer;
        while self.trusts(client) {
            match named.next_back().map(|text| text.trim().parse::<IpAddr>()) {
                Some(Ok(address)) => client = address.to_canonical(),
                _ => break,
            }
        }
        client
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded: &[&str]) -> Option<String> {
        let proxies = TrustedProxies::new(trusted.iter().map(|network| network.parse().unwrap()).collect());
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
        for value in forwarded {
            request = request.append_header((X_FORWARDED_FOR, *value));
        }
        proxies.client(&request.to_http_request()).map(|address| address.to_string())
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(client(&[], "203.0.113.9", &["198.51.100.1"]), some("203.0.113.9"));
        assert_eq!(client(&["203.0.113.0/24"], "203.0.113.9", &["198.51.100.1"]), some("198.51.100.1"));
        // The customer wrote the first one.
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"]), some("198.51.100.1"));
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["1.1.1.1", "198.51.100.1"]), some("198.51.100.1"));
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["rubbish"]), some("10.0.0.1"));
    }

    #[test]
    fn proxy_nobody_named_is_not_taken_for_a_customer() {
        assert_eq!(client(&[], "127.0.0.1", &["198.51.100.1"]), None);
        assert_eq!(client(&[], "127.0.0.1", &[]), Some("127.0.0.1".to_owned()));
    }

    #[test]
    fn line_is_told_by_its_network() {
        assert_eq!(client(&[], "[2001:db8:1:2:3:4:5:6]", &[]), Some("2001:db8:1:2::".to_owned()));
        assert_eq!(client(&[], "[::ffff:192.0.2.7]", &[]), Some("192.0.2.7".to_owned()));
    }
}
