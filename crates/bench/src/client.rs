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
