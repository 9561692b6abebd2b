//! A caller of the FHIR API: one base, one token, plain HTTP on loopback.

use reqwest::Method;
use std::{sync::OnceLock, thread, time::Duration};
use tokio::runtime::Runtime;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);

/// Someone with a token, at a base.
#[derive(Debug, Clone)]
pub struct Caller {
    base: String,
    token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Bytes exactly as received.
    pub body: Vec<u8>,
    headers: reqwest::header::HeaderMap,
}

impl Caller {
    /// A caller at this base; without a token nothing is claimed.
    #[must_use]
    pub fn new(base: &str, token: Option<&str>) -> Self {
        Self {
            base: base.trim_end_matches('/').to_owned(),
            token: token.map(str::to_owned),
        }
    }

    /// The address of a path; whole addresses stay as they are.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        if path.starts_with("http://") {
            path.to_owned()
        } else {
            format!("{}/{path}", self.base)
        }
    }

    /// GET.
    #[must_use]
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], Vec::new())
    }

    /// GET, again after the time of `Retry-After` for as long as the server asks to wait:
    /// for whoever asks faster than a user may.
    #[must_use]
    pub fn get_in_turn(&self, path: &str) -> Reply {
        loop {
            let reply = self.get(path);
            if reply.status != 429 {
                return reply;
            }
            let wait = reply.header("retry-after").expect("a time to wait");
            thread::sleep(Duration::from_secs(wait.parse().expect("seconds")));
        }
    }

    /// POST of a FHIR resource; the path may be empty (a Bundle at the base).
    #[must_use]
    pub fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.send("POST", path, &[], body.into())
    }

    /// PUT of a FHIR resource.
    #[must_use]
    pub fn put(&self, path: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.send("PUT", path, &[], body.into())
    }

    /// Any request; fails the test when no answer comes.
    #[must_use]
    pub fn send(&self, method: &str, path: &str, more: &[(&str, &str)], body: Vec<u8>) -> Reply {
        match self.try_send(method, path, more, body) {
            Ok(reply) => reply,
            Err(error) => panic!("{method} {path}: no answer: {error}"),
        }
    }

    /// Any request. A header given here takes the place of the usual one.
    ///
    /// # Errors
    /// When the connection fails before the whole answer is there.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Reply, reqwest::Error> {
        let (runtime, client) = transport();
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let url = self.url(path);
        let mut request = client.request(method, url.trim_end_matches('/'));
        let given = |name: &str| {
            more.iter()
                .any(|(given, _)| given.eq_ignore_ascii_case(name))
        };
        if let Some(token) = self.token.as_deref().filter(|_| !given("authorization")) {
            request = request.bearer_auth(token);
        }
        if !body.is_empty() && !given("content-type") {
            request = request.header("content-type", "application/fhir+json");
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        runtime.block_on(async {
            let response = request.body(body).send().await?;
            let status = response.status().as_u16();
            let headers = response.headers().clone();
            let body = response.bytes().await?.to_vec();
            Ok(Reply {
                status,
                body,
                headers,
            })
        })
    }
}

impl Reply {
    /// The answer, if it has this status; else the test fails.
    #[must_use]
    pub fn expect(self, status: u16, what: &str) -> Self {
        assert_eq!(self.status, status, "{what}: {}", self.text());
        self
    }

    /// A header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All headers of a name, as text.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok())
    }

    /// `Type/id/_history/version` of the Location header.
    #[must_use]
    pub fn location(&self) -> String {
        let location = self.header("location").expect("a Location header");
        last_parts(location, 4)
    }

    /// The body as text, for messages.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON. Numbers may lose digits; compare those by `fhir::json`.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text()))
    }

    /// Whether this is an OperationOutcome with at least one issue of severity
    /// error or fatal, each with a code.
    #[must_use]
    pub fn is_error_outcome(&self) -> bool {
        let Ok(body) = serde_json::from_slice::<serde_json::Value>(&self.body) else {
            return false;
        };
        let issues = body.get("issue").and_then(serde_json::Value::as_array);
        body.get("resourceType").and_then(|kind| kind.as_str()) == Some("OperationOutcome")
            && issues.is_some_and(|issues| {
                !issues.is_empty()
                    && issues.iter().all(|issue| {
                        let text = |name: &str| issue.get(name).and_then(|value| value.as_str());
                        matches!(text("severity"), Some("error" | "fatal"))
                            && text("code").is_some()
                    })
            })
    }
}

/// The last parts of a path, this number of them: a Location without its base.
pub(crate) fn last_parts(address: &str, count: usize) -> String {
    let parts: Vec<&str> = address.rsplit('/').take(count).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

fn transport() -> &'static (Runtime, reqwest::Client) {
    static TRANSPORT: OnceLock<(Runtime, reqwest::Client)> = OnceLock::new();
    TRANSPORT.get_or_init(|| {
        // reqwest wants a TLS provider even for plain HTTP; a second one is an
        // error that changes nothing.
        drop(rustls::crypto::ring::default_provider().install_default());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client");
        (runtime, client)
    })
}
