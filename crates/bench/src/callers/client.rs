//! A caller of the FHIR API over HTTP on loopback, who counts the requests.

use crate::Failed;
use reqwest::StatusCode;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(120);

/// A caller with a token; clones count together.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    requests: Arc<AtomicU64>,
}

impl Client {
    /// A caller at this FHIR base.
    pub fn new(base: &str, token: &str) -> Result<Self, Failed> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()?;
        Ok(Self {
            http,
            base: base.to_owned(),
            token: token.to_owned(),
            requests: Arc::default(),
        })
    }

    /// How many requests were sent.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Creates a resource; its version as `Type/id/_history/1`.
    pub async fn create(&self, kind: &str, resource: String) -> Result<String, Failed> {
        let request = self.http.post(format!("{}/{kind}", self.base));
        let request = request
            .bearer_auth(&self.token)
            .header("content-type", "application/fhir+json")
            .body(resource);
        self.requests.fetch_add(1, Ordering::Relaxed);
        let response = request.send().await?;
        let location = response.headers().get("location");
        let location = location.and_then(|value| value.to_str().ok());
        let path = location.and_then(|url| url.rsplit_once(&format!("/{kind}/")));
        match path {
            Some((_, rest)) => Ok(format!("{kind}/{rest}")),
            None => Err(format!("a create was answered {}", response.status()).into()),
        }
    }

    /// GET below the base; anything but 200 is an error.
    pub async fn get(&self, path: &str) -> Result<Vec<u8>, Failed> {
        let url = format!("{}/{path}", self.base);
        let request = self.http.get(&url).bearer_auth(&self.token);
        self.requests.fetch_add(1, Ordering::Relaxed);
        let response = request.send().await?;
        let status = response.status();
        let body = response.bytes().await?;
        if status == StatusCode::OK {
            return Ok(body.to_vec());
        }
        let text = String::from_utf8_lossy(&body);
        Err(format!("`{url}` answered {status}: {text}").into())
    }
}
