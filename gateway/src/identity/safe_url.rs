//! The URLs that issuers may have.

use url::{Host, Url};

/// A URL that keys may come from: https, or http from this machine.
pub(super) fn parse_safe(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let safe = url.scheme() == "https" || url.scheme() == "http" && loopback;
    (safe && url.username().is_empty() && url.password().is_none()).then_some(url)
}
