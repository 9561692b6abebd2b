//! A client: one base, one `Authorization` header, and what comes back.

use reqwest::{
    Client, Method, Response,
    header::{HeaderMap, HeaderValue},
};
use serde_json::Value;
use std::time::Duration;
use tokio::time::sleep;

/// Someone at a base.
#[derive(Clone)]
pub struct Caller {
    client: Client,
    server: String,
    base: String,
    authorization: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Caller {
    /// Someone at the short base who claims nothing.
    pub fn new(client: Client, server: String) -> Self {
        Self {
            client,
            base: format!("{server}/fhir"),
            server,
            authorization: None,
        }
    }

    /// The same at the base of a facility.
    pub fn at(&self, facility: &str) -> Self {
        Self {
            base: format!("{}/f/{facility}/fhir", self.server),
            ..self.clone()
        }
    }

    /// The same with another `Authorization` header.
    pub fn presenting(&self, authorization: Option<String>) -> Self {
        Self {
            authorization,
            ..self.clone()
        }
    }

    /// The same through another gateway.
    pub fn through(&self, server: &str) -> Self {
        Self {
            base: self.base.replace(&self.server, server),
            server: server.to_owned(),
            ..self.clone()
        }
    }

    /// The base, without a final slash.
    pub fn base(&self) -> &str {
        &self.base
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], None).await
    }

    pub async fn post(&self, path: &str, body: impl ToString) -> Reply {
        self.send("POST", path, &[], Some(body.to_string())).await
    }

    /// Creates a record and gives its id; the test fails when it cannot.
    pub async fn create(&self, kind: &str, body: impl ToString) -> String {
        self.post(kind, body).await.expect(201).id()
    }

    /// How many matches the first page of a search has.
    pub async fn found(&self, search: &str) -> usize {
        self.get(search).await.expect(200).resources().len()
    }

    pub async fn put(&self, path: &str, body: impl ToString) -> Reply {
        self.send("PUT", path, &[], Some(body.to_string())).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, &[], None).await
    }

    /// Any request. A path from `/` is the server's, any other below the base; a
    /// whole URL stays as it is.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Reply {
        let body = body.unwrap_or_default().into_bytes();
        let response = self.respond(method, path, headers, body).await;
        Reply {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.unwrap(),
        }
    }

    /// The same with a body of any bytes, and the answer as it comes.
    pub async fn respond(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Response {
        let url = match path {
            "" => self.base.clone(),
            path if path.starts_with("http") => path.to_owned(),
            path if path.starts_with('/') => format!("{}{path}", self.server),
            path => format!("{}/{path}", self.base),
        };
        let mut request = self
            .client
            .request(Method::from_bytes(method.as_bytes()).unwrap(), url);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/fhir+json");
        }
        for (name, value) in headers {
            // Of bytes, so that a test can send what is no ASCII.
            request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        // Audit records are in the order of their milliseconds: what follows is of a later one.
        sleep(Duration::from_millis(1)).await;
        request.body(body).send().await.unwrap()
    }
}

impl Reply {
    /// This reply, if it has this status; else the test fails.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether a header of the request is one by which answers differ.
    pub fn varies_by(&self, name: &str) -> bool {
        let mut by = self.headers.get_all("vary").iter();
        by.any(|by| by.to_str().is_ok_and(|by| by.contains(name)))
    }

    /// The logical id of the resource in the body.
    #[track_caller]
    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// The resources of the Bundle in the body.
    #[track_caller]
    pub fn resources(&self) -> Vec<Value> {
        let body = self.json();
        let entries = body["entry"].as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .map(|entry| entry["resource"].clone())
            .collect()
    }

    /// Where the next page is.
    #[track_caller]
    pub fn next(&self) -> Option<String> {
        self.link("next")
    }

    /// The link of a Bundle that has this relation.
    #[track_caller]
    pub fn link(&self, relation: &str) -> Option<String> {
        let body = self.json();
        let link = body["link"]
            .as_array()?
            .iter()
            .find(|link| link["relation"] == relation)?;
        Some(link["url"].as_str()?.to_owned())
    }

    /// The detail of a problem document of this status; else the test fails.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let body = self.json();
        assert_eq!(body["status"], status, "{body}");
        body["detail"].as_str().unwrap().to_owned()
    }

    /// The code of the one issue of an OperationOutcome of severity error.
    #[track_caller]
    pub fn issue(&self) -> String {
        let body = self.json();
        assert_eq!(body["resourceType"], "OperationOutcome", "{body}");
        assert_eq!(body["issue"].as_array().map(Vec::len), Some(1), "{body}");
        assert_eq!(body["issue"][0]["severity"], "error", "{body}");
        body["issue"][0]["code"].as_str().unwrap().to_owned()
    }
}
