//! What an http or https URL names: a host and a path. Two spellings of one place are
//! equal here, by the normal forms of RFC 3986, 6.2, and by R4, to which http and https
//! are one and the query is no part of an identity
//! (<https://hl7.org/fhir/R4/http.html#root>).

use percent_encoding::percent_decode_str;
use std::net::{IpAddr, Ipv6Addr};

/// What all names of the machine itself stand for.
const LOOPBACK: &str = "localhost";

/// A place on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    host: String,
    /// `None` for that of http or https.
    port: Option<u16>,
    path: Vec<String>,
}

impl Place {
    /// Reads an absolute URL; `None` when it is not of http or https, or names no host.
    pub(crate) fn read(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        is_http(scheme).then(|| Self::after_scheme(rest))?
    }

    /// Reads what stands after `//`.
    pub(crate) fn after_scheme(text: &str) -> Option<Self> {
        let text = without_query(text);
        let (authority, path) = match text.find('/') {
            Some(at) => text.split_at_checked(at)?,
            None => (text, ""),
        };
        // Who logs in is no part of where.
        let server = authority.rsplit_once('@').map_or(authority, |(_, it)| it);
        let (host, port) = host_and_port(server)?;
        Some(Self {
            host,
            port,
            path: segments(path)?,
        })
    }

    /// The path below another place of the same server.
    pub(crate) fn below(&self, base: &Self) -> Option<&[String]> {
        let same = self.host == base.host && self.port == base.port;
        same.then(|| base.below_path(&self.path))?
    }

    /// The segments of its path.
    pub(crate) fn into_path(self) -> Vec<String> {
        self.path
    }

    /// The rest of a path on this place's server that leads below this place.
    pub(crate) fn below_path<'p>(&self, path: &'p [String]) -> Option<&'p [String]> {
        path.strip_prefix(self.path.as_slice())
    }
}

/// Whether a scheme is http or https.
pub(crate) fn is_http(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
}

/// A URL up to its query or fragment.
fn without_query(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

/// The segments of a path, decoded, without dots and without empty ones; `None` when
/// it leads above its root, or is not UTF-8.
pub(crate) fn segments(path: &str) -> Option<Vec<String>> {
    let mut segments = Vec::new();
    for segment in without_query(path).split('/') {
        let segment = percent_decode_str(segment).decode_utf8().ok()?;
        match segment.as_ref() {
            "" | "." => {}
            ".." => drop(segments.pop()?),
            _ => segments.push(segment.into_owned()),
        }
    }
    Some(segments)
}

fn host_and_port(server: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match server
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        Some((address, port)) => (address, port.strip_prefix(':').unwrap_or(port)),
        None => server.rsplit_once(':').unwrap_or((server, "")),
    };
    let port = match port {
        "" => None,
        port => Some(port.parse().ok()?),
    };
    Some((
        host_name(host)?,
        port.filter(|port| ![80, 443].contains(port)),
    ))
}

fn host_name(host: &str) -> Option<String> {
    let host = percent_decode_str(host).decode_utf8().ok()?;
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let address = host.parse::<IpAddr>().ok();
    let loopback = address.is_some_and(|address| address.is_loopback()) || host == LOOPBACK;
    match (loopback, host.parse::<Ipv6Addr>()) {
        (true, _) => Some(LOOPBACK.to_owned()),
        (false, Ok(address)) => Some(address.to_string()),
        (false, Err(_)) => (!host.is_empty()).then_some(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_place_are_equal() {
        let one = Place::read("https://fhir.hospital.example/fhir/Patient/P");
        assert!(one.is_some());
        for same in [
            "http://fhir.hospital.example/fhir/Patient/P",
            "HTTPS://FHIR.Hospital.Example/fhir/Patient/P",
            "https://fhir.hospital.example:443/fhir/Patient/P",
            "http://fhir.hospital.example:80/fhir/Patient/P",
            "https://fhir.hospital.example:/fhir/Patient/P/",
            "https://fhir.hospital.example./fhir//Patient/P",
            "https://someone@fhir.hospital.example/fhir/./x/../Patient/P",
            "https://fhir.hospital.example/%66hir/Patient/%50?_format=json#x",
        ] {
            assert_eq!(Place::read(same), one, "{same}");
        }
        for other in [
            "https://fhir.hospital.example:8443/fhir/Patient/P",
            "https://hospital.example/fhir/Patient/P",
            "https://fhir.hospital.example/FHIR/Patient/P",
            "https://fhir.hospital.example/fhir/Patient/p",
            "https://fhir.hospital.example@elsewhere.example/fhir/Patient/P",
            "https://elsewhere.example/?https://fhir.hospital.example/fhir/Patient/P",
            "https://fhir.hospital.example/fhir%2FPatient%2FP",
        ] {
            assert_ne!(Place::read(other), one, "{other}");
        }
        let loopback = Place::read("http://127.0.0.1:8080/fhir");
        for same in ["http://localhost:8080/fhir/", "https://[::1]:8080/fhir"] {
            assert_eq!(Place::read(same), loopback, "{same}");
        }
        for none in [
            "ftp://x/fhir",
            "https:///fhir",
            "https://x:y/fhir",
            "https://x/../y",
            "urn:uuid:1",
        ] {
            assert_eq!(Place::read(none), None, "{none}");
        }
    }
}
