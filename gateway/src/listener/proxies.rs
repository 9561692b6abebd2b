//! The proxies in front of the gateway: who may bring requests over plain HTTP,
//! and whose word counts for where a request came from.
//!
//! Only `Forwarded` is read (<https://www.rfc-editor.org/rfc/rfc7239>), and only
//! from a trusted proxy; `X-Forwarded-For` and its kin are ignored. The header
//! gives the client's address for the audit and nothing else: links are built from
//! the configured public URL.

use crate::failure::{Category, Failure};
use actix_web::{
    Error, HttpMessage,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderMap},
    middleware::Next,
    web,
};
use fhir::IssueCode;
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

/// The proxies that are trusted, and whether all requests must come by them.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    trusted: Vec<IpNet>,
    required: bool,
}

/// Where a request came from by the word of trusted hops.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientAddress(pub(crate) IpAddr);

impl Proxies {
    /// These are trusted; anyone else may come too.
    #[must_use]
    pub const fn trusting(trusted: Vec<IpNet>) -> Self {
        Self {
            trusted,
            required: false,
        }
    }

    /// These are trusted, and nobody else is served: for a plain listener that
    /// others can reach.
    #[must_use]
    pub const fn requiring(trusted: Vec<IpNet>) -> Self {
        Self {
            trusted,
            required: true,
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|net| net.contains(&address))
    }

    /// The client's address: the last hop that no trusted proxy is. An element
    /// that names no address ends the search at whoever wrote it.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        // Before anything is read: whoever is not believed may write as much as fits.
        if !self.trusts(peer) {
            return peer;
        }
        let mut client = peer;
        let lines = headers.get_all(header::FORWARDED);
        let text: Option<Vec<&str>> = lines.map(|line| line.to_str().ok()).collect();
        let Some(elements) = text.and_then(|lines| elements(&lines.join(","))) else {
            return peer;
        };
        for element in elements.into_iter().rev() {
            if !self.trusts(client) {
                break;
            }
            match element {
                Some(address) => client = address,
                None => break,
            }
        }
        client
    }
}

/// Refuses whoever may not come here, and notes the client's address.
///
/// # Errors
/// Those of the handlers; a refusal is an answer.
pub(crate) async fn admit(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let proxies = request.app_data::<web::Data<Proxies>>().cloned();
    if let (Some(proxies), Some(peer)) = (proxies, request.peer_addr()) {
        let peer = plain(peer);
        if proxies.required && !proxies.trusts(peer) {
            let stranger = stranger().because(format!("{peer} is no trusted proxy"));
            return Ok(request.error_response(stranger).map_into_right_body());
        }
        let client = proxies.client(peer, request.headers());
        request.extensions_mut().insert(ClientAddress(client));
    }
    let response = next.call(request).await?;
    Ok(response.map_into_left_body())
}

fn stranger() -> Failure {
    Failure::new(
        Category::Forbidden,
        IssueCode::Forbidden,
        "this listener serves its trusted proxies only; use the gateway's public URL",
    )
}

/// An IPv4 address that a listener for both kinds shows as IPv6 is IPv4.
fn plain(address: SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}

/// The `for` addresses of the elements, in order; `None` within for an element
/// without one (`unknown`, an obfuscated name). `None` for a malformed header,
/// which is worth nothing as a whole.
fn elements(text: &str) -> Option<Vec<Option<IpAddr>>> {
    split(text, ',')?
        .into_iter()
        .filter(|element| !element.trim().is_empty())
        .map(|element| {
            let mut address = None;
            for pair in split(element, ';')? {
                if pair.trim().is_empty() {
                    continue;
                }
                let (name, value) = pair.split_once('=')?;
                if name.trim().eq_ignore_ascii_case("for") {
                    address = node(&unquoted(value.trim())?);
                }
            }
            Some(address)
        })
        .collect()
}

/// Splits outside quoted strings; `None` when a string is not closed.
fn split(text: &str, at: char) -> Option<Vec<&str>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    let (mut quoted, mut escaped) = (false, false);
    for (place, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            c if c == at && !quoted => {
                let begin = text.len() - rest.len();
                parts.push(text.get(begin..place)?);
                rest = text.get(place + at.len_utf8()..)?;
            }
            _ => {}
        }
    }
    parts.push(rest);
    (!quoted).then_some(parts)
}

fn unquoted(value: &str) -> Option<String> {
    let Some(inner) = value.strip_prefix('"') else {
        return Some(value.to_owned());
    };
    let (mut plain, mut escaped) = (String::new(), false);
    for c in inner.strip_suffix('"')?.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            escaped = false;
            plain.push(c);
        }
    }
    Some(plain)
}

/// RFC 7239, 6: an IPv4 address, or an IPv6 one in brackets, each perhaps with a
/// port, which may be an obfuscated one.
fn node(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(plain(address));
    }
    let text = match text.rsplit_once(":_") {
        Some((name, port)) if is_obfuscated(port) => name,
        _ => text,
    };
    let bare = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    bare.unwrap_or(text)
        .parse::<IpAddr>()
        .ok()
        .map(|address| address.to_canonical())
}

/// RFC 7239, 6.3: what follows the `_` of an obfport.
fn is_obfuscated(port: &str) -> bool {
    let of_port = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    !port.is_empty() && port.bytes().all(of_port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};

    fn client(peer: &str, lines: &[&str]) -> String {
        let proxies = Proxies::trusting(vec![
            "10.0.0.0/8".parse().unwrap(),
            "fd00::/8".parse().unwrap(),
        ]);
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(
                HeaderName::from_static("forwarded"),
                HeaderValue::from_str(line).unwrap(),
            );
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_client_is_the_last_hop_that_is_no_trusted_proxy() {
        for (peer, lines, expected) in [
            ("10.0.0.1", &[][..], "10.0.0.1"),
            ("10.0.0.1", &["for=192.0.2.43"], "192.0.2.43"),
            ("10.0.0.1", &["for=\"192.0.2.43:_p1\""], "192.0.2.43"),
            ("10.0.0.1", &["for=\"[2001:db8::7]:_a.b-c\""], "2001:db8::7"),
            ("10.0.0.1", &["for=\"192.0.2.43:_\""], "10.0.0.1"),
            (
                "10.0.0.1",
                &["For=\"192.0.2.43:4711\";proto=https"],
                "192.0.2.43",
            ),
            ("fd00::1", &["for=\"[2001:db8::17]:4711\""], "2001:db8::17"),
            ("10.0.0.1", &["for=\"[2001:db8::17]\""], "2001:db8::17"),
            // The client made the first element up; two proxies wrote the others.
            (
                "10.0.0.1",
                &["for=203.0.113.9, for=192.0.2.43", "for=10.9.9.9"],
                "192.0.2.43",
            ),
            ("10.0.0.1", &["for=10.1.1.1, for=10.2.2.2"], "10.1.1.1"),
            ("10.0.0.1", &["for=198.51.100.7, for=unknown"], "10.0.0.1"),
            ("10.0.0.1", &["for=\"_hidden\""], "10.0.0.1"),
            (
                "10.0.0.1",
                &["by=\"a,for=198.51.100.7\";for=192.0.2.43"],
                "192.0.2.43",
            ),
        ] {
            assert_eq!(client(peer, lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn nobody_else_is_believed_and_nothing_malformed() {
        assert_eq!(client("192.0.2.1", &["for=198.51.100.7"]), "192.0.2.1");
        for broken in ["for=\"192.0.2.43", "192.0.2.43", "for"] {
            assert_eq!(client("10.0.0.1", &[broken]), "10.0.0.1", "{broken}");
        }
    }
}
