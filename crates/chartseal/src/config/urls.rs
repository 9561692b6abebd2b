//! The URLs and origins of a file.

use url::{Host, Url};

/// Whether a text is what browsers send as `Origin`
/// (<https://html.spec.whatwg.org/multipage/browsers.html#ascii-serialisation-of-an-origin>).
pub(super) fn is_origin(text: &str) -> bool {
    let as_sent = Url::parse(text).map(|url| url.origin().ascii_serialization());
    is_public_url(text) && as_sent.is_ok_and(|sent| sent == text)
}

/// Whether clients may reach a gateway by a URL: https, http on a loopback host only.
pub(super) fn is_public_url(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return false,
    };
    is_bare(text) && (url.scheme() == "https" || loopback)
}

/// Whether a URL has a host and nothing else.
pub(super) fn is_bare(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let nobody = url.username().is_empty() && url.password().is_none();
    bare && nobody && url.has_host() && ["http", "https"].contains(&url.scheme())
}
