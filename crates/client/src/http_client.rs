//! How commands reach a gateway: which certificates they believe, where they send a
//! token, and why there is no answer, told so that the three usual causes (an unknown
//! authority, nothing that listens, no answer in time) can be told apart.

use reqwest::{Certificate, Client, redirect::Policy};
use std::{error::Error, fs, io, path::Path, time::Duration};
use url::{Host, Url};

/// Two connections to one gateway need no longer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A client for this base or record, that follows nobody elsewhere. What goes in clear goes
/// to nobody but the host of the URL: no proxy of the environment sees the token.
///
/// # Errors
/// When the file of certificates cannot be used.
pub fn client(url: &str, timeout: Duration, cacert: Option<&Path>) -> Result<Client, String> {
    let mut builder = Client::builder()
        .redirect(Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout);
    if is_clear(url) {
        builder = builder.no_proxy();
    }
    if let Some(path) = cacert {
        builder = builder.tls_certs_merge(certificates(path)?);
    }
    builder.build().map_err(|error| error.to_string())
}

fn is_clear(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.scheme() == "http")
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, String> {
    let pem = fs::read(path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(format!(
            "`{}` holds no certificate in PEM; `--cacert` takes that of an authority",
            path.display()
        )),
    }
}

/// Refuses to send a token in clear to another machine, and a URL that names more than a
/// record or a base: a fragment would be dropped unseen.
///
/// # Errors
/// With what to do about it; also for what is no URL.
pub fn check_url(option: &str, url: &str, plain_http: bool) -> Result<(), String> {
    let url = Url::parse(url)
        .map_err(|_| format!("{option} must be a URL such as http://127.0.0.1:8080/fhir"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!(
            "{option} must be a URL without `?` and `#`: name the whole record or base"
        ));
    }
    let here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if here || plain_http => Ok(()),
        "http" => Err(format!(
            "{option} is http:// and not on this machine: the token and the records could be \
             read on the way; use https://, or `--plain-http` where the way is safe"
        )),
        _ => Err(format!("{option} must begin with https:// or http://")),
    }
}

/// Why the gateway did not answer, without its URL, which can hold a record's id.
pub fn cause(error: reqwest::Error) -> String {
    format!("the gateway does not answer: {}", reason(&error))
}

/// What stands behind an error of the network, in the words of whoever noticed it, and
/// what to do about it. The client's own sentence is left out: it holds the URL.
pub fn reason(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut refused = false;
    let mut next = Some(error);
    while let Some(inner) = next {
        next = inner.source();
        let client = inner.downcast_ref::<reqwest::Error>();
        if client.is_some_and(reqwest::Error::is_timeout) {
            return "no answer in time; check the address, and whether a firewall is between"
                .to_owned();
        }
        let io = inner.downcast_ref::<io::Error>();
        refused |= io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused);
        if client.is_some() {
            continue;
        }
        let text = inner.to_string();
        // Each often repeats what it wraps.
        match texts.last_mut() {
            Some(outer) if outer.contains(&text) => {}
            Some(outer) if text.contains(&*outer) => *outer = text,
            _ => texts.push(text),
        }
    }
    let chain = texts.join(": ");
    let advice = if refused {
        "; nothing listens there: check host and port"
    } else if chain.contains("UnknownIssuer") || chain.contains("unknown issuer") {
        "; give the certificate of its authority by `--cacert` or in SSL_CERT_FILE"
    } else if chain.contains("CaUsedAsEndEntity") {
        "; its certificate is that of an authority: let the server have one that is signed by it"
    } else if chain.contains("certificate") {
        "; its certificate is not one for this host and time"
    } else if chain.contains("lookup") || chain.contains("dns") {
        "; check the host's name"
    } else if chain.is_empty() {
        "the request could not be sent"
    } else {
        ""
    };
    format!("{chain}{advice}")
}

/// The text of the OperationOutcome, when there is one.
pub fn refusal(status: u16, body: &[u8]) -> String {
    let text = serde_json::from_slice::<serde_json::Value>(body)
        .ok()
        .and_then(|outcome| {
            outcome
                .pointer("/issue/0/diagnostics")?
                .as_str()
                .map(str::to_owned)
        })
        .unwrap_or_else(|| "no reason given".to_owned());
    format!("the gateway answered {status}: {text}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn ask(url: &str, timeout: Duration) -> String {
        drop(rustls::crypto::ring::default_provider().install_default());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let client = client(url, timeout, None).expect("a client");
        let asked = runtime.block_on(async { client.get(url).send().await });
        cause(asked.expect_err("no answer"))
    }

    #[test]
    fn a_token_goes_to_another_machine_in_secret_or_not_at_all() {
        for here in [
            "https://gw.example/fhir",
            "http://127.0.0.1:8080/fhir",
            "http://localhost:8080/fhir",
            "http://[::1]/fhir",
        ] {
            assert_eq!(check_url("the URL", here, false), Ok(()), "{here}");
        }
        for elsewhere in [
            "http://gw.example/fhir",
            "http://127.0.0.1.example/fhir",
            "http://10.0.0.1/fhir",
        ] {
            let refused = check_url("the URL", elsewhere, false).expect_err(elsewhere);
            assert!(refused.contains("--plain-http"), "{refused}");
            assert_eq!(check_url("the URL", elsewhere, true), Ok(()));
        }
        for other in [
            "ftp://127.0.0.1/",
            "gw.example/fhir",
            "",
            "https://gw.example/fhir/Patient/1#a",
            "https://gw.example/fhir/Patient/1#",
            "https://gw.example/fhir?a=b",
        ] {
            assert!(check_url("the URL", other, true).is_err(), "{other}");
        }
    }

    #[test]
    fn the_causes_of_no_answer_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!(
            "http://{}/fhir/Patient/secret",
            listener.local_addr().expect("its address")
        );
        let late = ask(&url, Duration::from_millis(50));
        assert!(late.contains("no answer in time"), "{late}");
        drop(listener);
        let refused = ask(&url, Duration::from_secs(5));
        assert!(refused.contains("nothing listens there"), "{refused}");
        for text in [late, refused] {
            assert!(!text.contains("secret"), "{text}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        let client = |path| client("https://gw.example", CONNECT_TIMEOUT, Some(path));
        assert!(client(&path).is_err());
        fs::write(&path, "nothing").expect("written");
        let refused = client(&path).expect_err("refused");
        assert!(refused.contains("no certificate"), "{refused}");
    }
}
