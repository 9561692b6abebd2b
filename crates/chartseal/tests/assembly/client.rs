//! A client of the FHIR API: one base, one token.

use reqwest::Method;
use serde_json::Value;

/// Someone with a token, at a base.
pub struct Client {
    client: reqwest::Client,
    base: String,
    pub token: String,
}

/// What came back.
pub struct Reply {
    pub etag: Option<String>,
    pub body: Vec<u8>,
}

impl Client {
    pub fn new(base: String, token: String) -> Self {
        Self {
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            base,
            token,
        }
    }

    /// The URL of a path below the base.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    pub async fn get(&self, path: &str, status: u16) -> Reply {
        self.send("GET", path, None, String::new(), status).await
    }

    pub async fn post(&self, path: &str, body: impl ToString, status: u16) -> Reply {
        self.send("POST", path, None, body.to_string(), status)
            .await
    }

    /// Any request; the test fails unless it is answered with this status.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        if_match: Option<&str>,
        body: String,
        status: u16,
    ) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let url = if path.is_empty() {
            self.base.clone()
        } else {
            self.url(path)
        };
        let mut request = self
            .client
            .request(method, url)
            .bearer_auth(&self.token)
            .header("content-type", "application/fhir+json")
            .body(body);
        if let Some(etag) = if_match {
            request = request.header("if-match", etag);
        }
        let response = request.send().await.unwrap();
        let found = response.status().as_u16();
        let etag = response.headers().get("etag");
        let etag = etag.map(|etag| etag.to_str().unwrap().to_owned());
        let body = response.bytes().await.unwrap().to_vec();
        let reply = Reply { etag, body };
        assert_eq!(found, status, "{path}: {}", reply.text());
        reply
    }
}

impl Reply {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The logical id of the resource.
    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// The resources of the Bundle.
    pub fn resources(&self) -> Vec<Value> {
        let body = self.json();
        let entries = body["entry"].as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .map(|entry| entry["resource"].clone())
            .collect()
    }
}
