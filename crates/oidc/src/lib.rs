//! The HTTP client that issuers are asked by, for discovery documents, key sets and
//! the tokens of a login: only at safe URLs, no redirects (a redirect could lead
//! inside the network), small answers, short patience. An https issuer is asked by
//! https alone: its document must not lead to plain ports of this machine.

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use std::{future::Future, pin::Pin, time::Duration};
use url::{Host, Url};

/// The most that a document or key set may have.
const MAX_BYTES: usize = 1024 * 1024;
/// The most time for one fetch.
const TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Asks issuers.
#[derive(Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    /// Whether http on a loopback host is safe enough.
    plain: bool,
}

/// The HTTP client cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client for issuers cannot be made; are CA certificates installed?")]
pub struct NoHttpClient;

/// Why a fetch failed.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not https, for an https issuer; else neither https nor loopback.
    #[error("the issuer names a URL that is not https; http only of an issuer on a loopback host")]
    Url,
    /// The answer is larger than a key set can be.
    #[error("the issuer's answer is too large")]
    TooLarge,
    /// The network.
    #[error("the issuer cannot be reached")]
    Network(#[from] reqwest::Error),
    /// The answer cannot be read.
    #[error("the issuer's answer is not HTTP")]
    Answer(#[from] http::Error),
}

impl HttpClient {
    /// A client for https issuers; without `tls` one for issuers on loopback hosts
    /// alone, which needs no CA certificates.
    ///
    /// # Errors
    /// When there are no CA certificates to go by.
    pub fn new(tls: bool) -> Result<Self, NoHttpClient> {
        // reqwest panics when the process has no provider; whoever starts the
        // process may have chosen one already.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .no_proxy();
        let builder = if tls {
            builder
        } else {
            builder.tls_certs_only([])
        };
        let client = builder.build().map_err(|_| NoHttpClient)?;
        let plain = !tls;
        Ok(Self { client, plain })
    }

    /// The same client for this issuer.
    #[must_use]
    pub fn of(&self, issuer: &str) -> Self {
        Self {
            client: self.client.clone(),
            plain: issuer.starts_with("http:"),
        }
    }

    async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let url = parse_safe(&request.uri().to_string())
            .filter(|url| self.plain || url.scheme() == "https")
            .ok_or(FetchError::Url)?;
        let (head, body) = request.into_parts();
        let fetch = self.client.request(head.method, url).headers(head.headers);
        let mut answer = fetch.body(body).send().await?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(kind) = answer.headers().get(http::header::CONTENT_TYPE) {
            response = response.header(http::header::CONTENT_TYPE, kind);
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(FetchError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for HttpClient {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.fetch(request))
    }
}

/// A URL that keys may come from: https, or http from this machine.
#[must_use]
pub fn parse_safe(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let loopback = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let safe = url.scheme() == "https" || url.scheme() == "http" && loopback;
    (safe && url.username().is_empty() && url.password().is_none()).then_some(url)
}
