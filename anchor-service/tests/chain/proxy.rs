//! What stands between the service and anvil in tests: it may change any answer, and it
//! counts the questions.

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// Takes the method, its parameters and the whole right answer; gives what is answered.
type Rule = Box<dyn FnMut(&str, &Value, Value) -> Value + Send>;

#[derive(Default)]
struct State {
    rule: Option<Rule>,
    asked: BTreeMap<String, u64>,
    authorization: Option<String>,
}

/// A proxy; clones are the same.
#[derive(Clone)]
pub struct Proxy {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub async fn before(node: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state: Arc<Mutex<State>> = Arc::default();
        let (shared, node) = (Arc::clone(&state), node.to_owned());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, node.clone(), Arc::clone(&shared)));
            }
        });
        Self { url, state }
    }

    /// Answers so from now on.
    pub fn answer(&self, rule: impl FnMut(&str, &Value, Value) -> Value + Send + 'static) {
        self.state.lock().unwrap().rule = Some(Box::new(rule));
    }

    /// Answers as the node does.
    pub fn be_honest(&self) {
        self.state.lock().unwrap().rule = None;
    }

    /// How often this was asked.
    pub fn asked(&self, method: &str) -> u64 {
        let state = self.state.lock().unwrap();
        state.asked.get(method).copied().unwrap_or(0)
    }
}

impl Proxy {
    /// The header `Authorization` of the last question.
    pub fn authorization(&self) -> Option<String> {
        self.state.lock().unwrap().authorization.clone()
    }
}

/// The result of an answer replaced.
pub fn with(mut answer: Value, result: Value) -> Value {
    answer.as_object_mut().unwrap().remove("error");
    answer["result"] = result;
    answer
}

async fn serve(mut stream: TcpStream, node: String, state: Arc<Mutex<State>>) {
    let client = reqwest::Client::new();
    let mut bytes = Vec::new();
    loop {
        let Some((head, body)) = request(&mut stream, &mut bytes).await else {
            return;
        };
        let question: Value = serde_json::from_slice(&body).unwrap();
        let right = match client.post(&node).json(&question).send().await {
            Ok(answer) => answer.json().await.unwrap(),
            Err(_) => json!({"jsonrpc": "2.0", "id": question["id"]}),
        };
        let answer = {
            let mut state = state.lock().unwrap();
            let method = question["method"].as_str().unwrap().to_owned();
            *state.asked.entry(method.clone()).or_default() += 1;
            state.authorization = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("authorization")
                    .then(|| value.to_owned())
            });
            match &mut state.rule {
                Some(rule) => rule(&method, &question["params"], right),
                None => right,
            }
        };
        let text = answer.to_string();
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
            text.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Head and body of the next request on a connection.
async fn request(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<(String, Vec<u8>)> {
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.parse::<usize>().unwrap())
            });
            let (start, length) = (end + 4, length.unwrap_or(0));
            if bytes.len() >= start + length {
                let body = bytes[start..start + length].to_vec();
                bytes.drain(..start + length);
                return Some((head, body));
            }
        }
        let mut more = [0; 4096];
        match stream.read(&mut more).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&more[..count]),
        }
    }
}
