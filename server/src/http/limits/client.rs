//! Who sent a request: the peer, or whom a trusted proxy names.

use std::net::IpAddr;
use std::sync::Once;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use ipnet::IpNet;

use crate::config::ClientAddressHeader;

const X_FORWARDED_FOR: &str = "x-forwarded-for";
/// RFC 7239.
const FORWARDED: &str = "forwarded";
/// What only proxies add, beside the two above.
const SIGNS_OF_A_PROXY: [&str; 3] = ["via", "x-real-ip", "x-forwarded-proto"];

/// Networks whose `X-Forwarded-For` or `Forwarded` is believed.
#[derive(Clone, Debug)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    header: Option<ClientAddressHeader>,
}

/// As whom a request is counted; kept in memory only, never stored or logged. An IPv6 address is cut to its /64, which is
/// what one customer's line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// A customer's address.
    Address(IpAddr),
    /// A proxy, which speaks for customers that cannot be told apart.
    Proxy(IpAddr),
}

impl TrustedProxies {
    /// Believes these, in `header` alone; without one in either, as long as they do not contradict each other.
    pub fn new(networks: Vec<IpNet>, header: Option<ClientAddressHeader>) -> Self {
        Self { networks, header }
    }

    /// As whom to count a request; `None` when it came over no network.
    pub fn client(&self, request: &HttpRequest) -> Option<Client> {
        let peer = request.peer_addr()?.ip().to_canonical();
        let client = if self.trusts(peer) {
            self.named_by(peer, request.headers())
        } else if is_private(peer) && names_customers(request.headers()) {
            warn_of_unnamed_proxy();
            None
        } else {
            Some(peer)
        };
        Some(client.map_or(Client::Proxy(line_of(peer)), |customer| Client::Address(line_of(customer))))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The customer for whom the proxy `peer` speaks; `None` when it does not say, or what it says cannot be read.
    fn named_by(&self, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
        use ClientAddressHeader::{Forwarded, XForwardedFor};

        let is_there = |header: &ClientAddressHeader| headers.contains_key(name_of(*header));
        let read = self.header.map_or_else(|| vec![XForwardedFor, Forwarded], |header| vec![header]);
        let mut customers = read.iter().filter(|header| is_there(header)).map(|header| self.named_in(*header, headers));
        let Some(customer) = customers.next() else {
            let is_proxy = names_customers(headers) || SIGNS_OF_A_PROXY.iter().any(|sign| headers.contains_key(*sign));
            return if is_proxy { self.unreadable() } else { Some(peer) };
        };
        // The proxy wrote one of them, and the customer may have made up the other.
        if customers.any(|other| other != customer) {
            warn_of_contradiction();
            return None;
        }
        customer.or_else(|| self.unreadable())
    }

    /// Each proxy adds the address it saw on the right, so what stands left of the first address that is no trusted
    /// proxy may be made up.
    fn named_in(&self, header: ClientAddressHeader, headers: &HeaderMap) -> Option<IpAddr> {
        let mut client = None;
        for text in named_addresses(header, headers).iter().rev() {
            let address = read_address(text)?;
            client = Some(address);
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    /// Nobody, and a warning, once.
    fn unreadable(&self) -> Option<IpAddr> {
        static WARNED: Once = Once::new();
        let header = self.header.unwrap_or(ClientAddressHeader::XForwardedFor);
        WARNED.call_once(|| {
            tracing::warn!(
                "A trusted proxy does not say whom a request is from, so such customers share one limit, 20 times that \
                 of an address: let it set {header} to the customer's address, or name another header with \
                 --client-address-header"
            );
        });
        None
    }
}

fn names_customers(headers: &HeaderMap) -> bool {
    headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED)
}

fn name_of(header: ClientAddressHeader) -> &'static str {
    match header {
        ClientAddressHeader::XForwardedFor => X_FORWARDED_FOR,
        ClientAddressHeader::Forwarded => FORWARDED,
    }
}

/// Of all proxies on the way, the nearest last.
fn named_addresses(header: ClientAddressHeader, headers: &HeaderMap) -> Vec<&str> {
    let all = headers.get_all(name_of(header)).flat_map(|value| value.to_str().unwrap_or("?").split(','));
    let elements = all.map(str::trim).filter(|element| !element.is_empty());
    match header {
        ClientAddressHeader::XForwardedFor => elements.collect(),
        ClientAddressHeader::Forwarded => elements.map(forwarded_for).collect(),
    }
}

/// The value of `for` in `for=192.0.2.60;proto=https`; empty without one.
fn forwarded_for(element: &str) -> &str {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for")).map_or("", |(_, value)| value.trim())
}

/// `203.0.113.1`, `203.0.113.1:50123`, `2001:db8::1`, `[2001:db8::1]:443`, `fe80::1%eth0`, any of them in quotes.
fn read_address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let host = match (text.strip_prefix('['), text.split_once(':')) {
        (Some(rest), _) => rest.split_once(']')?.0,
        // An IPv6 address has more than one colon.
        (None, Some((host, port))) if !port.contains(':') => host,
        _ => text,
    };
    let without_zone = host.split_once('%').map_or(host, |(address, _)| address);
    without_zone.parse().ok().map(|address: IpAddr| address.to_canonical())
}

fn line_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

/// Where proxies stand: private networks, this machine, and what carriers and clouds use between themselves (RFC 6598).
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let shared = first == 100 && second & 0xc0 == 64;
            address.is_private() || address.is_loopback() || address.is_link_local() || shared
        }
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    }
}

/// Warns, once.
fn warn_of_unnamed_proxy() {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        tracing::warn!(
            "Requests come through a proxy that is not trusted, so its customers share one limit, 20 times that of an \
             address: name its network with --trusted-proxy (COUNTERBELL_TRUSTED_PROXIES)"
        );
    });
}

/// Warns, once.
fn warn_of_contradiction() {
    static WARNED: Once = Once::new();
    WARNED.call_once(|| {
        tracing::warn!(
            "A request names one customer in X-Forwarded-For and another in Forwarded, and either may be made up, so such \
             customers share one limit, 20 times that of an address: name the header that the proxy sets with \
             --client-address-header (COUNTERBELL_CLIENT_ADDRESS_HEADER)"
        );
    });
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn client(trusted: &[&str], peer: &str, headers: &[(&'static str, &str)]) -> Client {
        client_in(None, trusted, peer, headers)
    }

    fn client_in(
        header: Option<ClientAddressHeader>,
        trusted: &[&str],
        peer: &str,
        headers: &[(&'static str, &str)],
    ) -> Client {
        let proxies = TrustedProxies::new(trusted.iter().map(|network| network.parse().unwrap()).collect(), header);
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        proxies.client(&request.to_http_request()).unwrap()
    }

    fn address(text: &str) -> Client {
        Client::Address(text.parse().unwrap())
    }

    fn proxy(text: &str) -> Client {
        Client::Proxy(text.parse().unwrap())
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let forwarded = |value| [(X_FORWARDED_FOR, value)];
        assert_eq!(client(&[], "203.0.113.9", &forwarded("198.51.100.1")), address("203.0.113.9"));
        assert_eq!(client(&["203.0.113.0/24"], "203.0.113.9", &forwarded("198.51.100.1")), address("198.51.100.1"));
        let trusted = ["10.0.0.0/8"];
        // The customer wrote the first one.
        for lines in [
            &[(X_FORWARDED_FOR, "1.1.1.1, 198.51.100.1, 10.0.0.2")][..],
            &[(X_FORWARDED_FOR, "1.1.1.1"), (X_FORWARDED_FOR, "198.51.100.1")],
            &[(X_FORWARDED_FOR, "rubbish, 198.51.100.1")],
        ] {
            assert_eq!(client(&trusted, "10.0.0.1", lines), address("198.51.100.1"), "{lines:?}");
        }
        // Somebody behind the proxies.
        assert_eq!(client(&trusted, "10.0.0.1", &forwarded("10.0.0.7, 10.0.0.2")), address("10.0.0.7"));
        assert_eq!(client(&trusted, "10.0.0.1", &[]), address("10.0.0.1"));
    }

    #[test]
    fn customers_that_cannot_be_told_apart_are_not_taken_for_one() {
        for headers in [
            [(X_FORWARDED_FOR, "rubbish")],
            [(X_FORWARDED_FOR, "198.51.100.1, rubbish")],
            [(X_FORWARDED_FOR, "198.51.100.1, caf\u{e9}")],
            [(X_FORWARDED_FOR, "[2001:db8::1")],
            [(X_FORWARDED_FOR, " , ")],
            [(FORWARDED, "for=_hidden")],
            [(FORWARDED, "by=10.0.0.1")],
            [("via", "1.1 proxy")],
        ] {
            assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &headers), proxy("10.0.0.1"), "{headers:?}");
        }
        for peer in ["127.0.0.1", "10.0.0.1", "100.64.3.4"] {
            assert_eq!(client(&[], peer, &[(X_FORWARDED_FOR, "198.51.100.1")]), proxy(peer));
            assert_eq!(client(&[], peer, &[]), address(peer));
        }
    }

    #[test]
    fn no_customer_chooses_an_address_in_the_header_that_the_proxy_does_not_write() {
        use ClientAddressHeader::{Forwarded, XForwardedFor};

        let [own, other] = ["198.51.100.1", "9.9.9.9"];
        let (in_own, in_other) = (format!("for={own}"), format!("for={other}"));
        for (header, x_forwarded_for, forwarded, counted) in [
            (None, own, &in_own, address(own)),
            (None, own, &in_other, proxy("10.0.0.1")),
            (None, "rubbish", &in_own, proxy("10.0.0.1")),
            // Left of the proxy's own, both hold what they like.
            (None, "9.9.9.9, 198.51.100.1", &in_own, address(own)),
            (Some(XForwardedFor), own, &in_other, address(own)),
            (Some(Forwarded), other, &in_own, address(own)),
        ] {
            let headers = [(X_FORWARDED_FOR, x_forwarded_for), (FORWARDED, forwarded.as_str())];
            assert_eq!(client_in(header, &["10.0.0.0/8"], "10.0.0.1", &headers), counted, "{header:?} {headers:?}");
        }
        for (header, name, text) in [(XForwardedFor, FORWARDED, "for=9.9.9.9"), (Forwarded, X_FORWARDED_FOR, other)] {
            let counted = client_in(Some(header), &["10.0.0.0/8"], "10.0.0.1", &[(name, text)]);
            assert_eq!(counted, proxy("10.0.0.1"), "{header:?} is not there");
        }
    }

    #[test]
    fn line_is_told_by_its_network() {
        assert_eq!(client(&[], "[2001:db8:1:2:3:4:5:6]", &[]), address("2001:db8:1:2::"));
        assert_eq!(client(&[], "[::ffff:192.0.2.7]", &[]), address("192.0.2.7"));
    }

    #[test]
    fn address_is_read_as_proxies_write_it() {
        for (text, read) in [
            ("203.0.113.1:50123", Some("203.0.113.1")),
            ("\"203.0.113.1\"", Some("203.0.113.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("\"[2001:db8::1]\"", Some("2001:db8::1")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("[fe80::1%25eth0]:80", Some("fe80::1")),
            ("::ffff:203.0.113.1", Some("203.0.113.1")),
            ("", None),
            ("unknown", None),
            ("203.0.113", None),
        ] {
            assert_eq!(read_address(text), read.map(|read| read.parse().unwrap()), "{text}");
        }
    }
}
