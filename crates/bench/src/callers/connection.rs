//! One caller on one connection that is kept: as little work for each request as
//! HTTP allows, because the caller shares the processor with what it measures.

use crate::Failed;
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, StatusCode,
    body::Bytes,
    client::conn::http1::{self, SendRequest},
    header::{self, HeaderMap, HeaderValue},
};
use hyper_util::rt::TokioIo;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

/// The type of records and Bundles.
pub const FHIR_JSON: &str = "application/fhir+json";

/// Where requests go, and how many went there.
#[derive(Clone)]
pub struct Target {
    /// `host:port` of the gateway.
    authority: String,
    /// The path of the FHIR base.
    path: String,
    token: HeaderValue,
    requests: Arc<AtomicU64>,
}

impl Target {
    /// A FHIR base, `http://` on loopback, with the token to send.
    pub fn new(base: &str, token: &str) -> Result<Self, Failed> {
        let rest = base.strip_prefix("http://").ok_or("not a plain base")?;
        let (authority, path) = rest.split_once('/').ok_or("a base has a path")?;
        Ok(Self {
            authority: authority.to_owned(),
            path: format!("/{path}"),
            token: HeaderValue::from_str(&format!("Bearer {token}"))?,
            requests: Arc::default(),
        })
    }

    /// How many requests were sent.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Notes a request that is about to be sent.
    pub fn count(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// The head of a request below the base, for who writes it out byte by byte.
    pub fn head(&self, method: &Method, path: &str, body_bytes: usize) -> Result<String, Failed> {
        let (authority, token) = (&self.authority, self.token.to_str()?);
        Ok(format!(
            "{method} {}/{path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: {token}\r\n\
             Content-Type: {FHIR_JSON}\r\nContent-Length: {body_bytes}\r\n\r\n",
            self.path
        ))
    }

    /// A bare connection.
    pub async fn stream(&self) -> Result<TcpStream, Failed> {
        let stream = TcpStream::connect(&self.authority).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// A connection of its own.
    pub async fn connect(&self) -> Result<Connection, Failed> {
        let stream = self.stream().await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Connection {
            target: self.clone(),
            host: HeaderValue::from_str(&self.authority)?,
            sender,
        })
    }
}

/// One caller.
pub struct Connection {
    target: Target,
    host: HeaderValue,
    sender: SendRequest<Full<Bytes>>,
}

/// What came back.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// From the first byte sent to the last received.
    pub took: Duration,
}

impl Answer {
    /// Its Location, from the type on: `Type/id/_history/version`.
    pub fn version(&self) -> Result<String, Failed> {
        let location = self.headers.get(header::LOCATION);
        version_of(location.ok_or("an answer has no Location")?.to_str()?)
    }
}

/// `Type/id/_history/version` at the end of a location.
pub fn version_of(location: &str) -> Result<String, Failed> {
    let mut parts: Vec<&str> = location.rsplit('/').take(4).collect();
    parts.reverse();
    match parts.as_slice() {
        [_, _, "_history", _] => Ok(parts.join("/")),
        _ => Err("a location names no version".into()),
    }
}

impl Connection {
    /// Whether the other side has not closed it.
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Sends a request below the base and takes the whole answer; a status other
    /// than the one expected is an error.
    pub async fn call(
        &mut self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        expected: StatusCode,
    ) -> Result<Answer, Failed> {
        let answer = self.ask(method, path, FHIR_JSON, body.into()).await?;
        if answer.status != expected {
            let text = String::from_utf8_lossy(&answer.body);
            return Err(format!("`{path}` answered {}: {text}", answer.status).into());
        }
        Ok(answer)
    }

    /// Sends a request with a body of some type and takes the whole answer, whatever it
    /// is.
    pub async fn ask(
        &mut self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Bytes,
    ) -> Result<Answer, Failed> {
        let target = &self.target;
        let uri = format!("{}/{path}", target.path);
        let request = Request::builder()
            .method(method)
            .uri(uri.trim_end_matches('/'))
            .header(header::HOST, &self.host)
            .header(header::AUTHORIZATION, &target.token)
            .header(header::CONTENT_TYPE, content_type)
            .header(header::ACCEPT, FHIR_JSON)
            .body(Full::from(body))?;
        target.count();
        let start = Instant::now();
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await;
        let answer = answer.map_err(|error| format!("`{uri}` was not answered: {error:?}"))?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
            took: start.elapsed(),
        })
    }
}
