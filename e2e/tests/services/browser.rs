//! As much of a browser as a login needs: it follows redirects and keeps cookies.
//! And `chartseal login` itself, waiting for one.

use e2e::{Caller, Reply, program};
use reqwest::Url;
use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

/// The address at which the issuer sends the browser back, not visited yet.
pub fn log_in(question: &Url, as_whom: &str) -> Url {
    let mut at = question.clone();
    at.query_pairs_mut().append_pair("login_hint", as_whom);
    let mut cookies = BTreeMap::new();
    for _ in 0..10 {
        let jar: Vec<String> = cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let reply = visit_with(&at, &[("cookie", &jar.join("; "))]);
        for cookie in reply.headers("set-cookie") {
            let pair = cookie.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let next = reply.header("location").unwrap_or_else(|| {
            panic!("{at}: {} {}", reply.status, reply.text());
        });
        at = at.join(next).unwrap();
        if at.path() == "/callback" {
            return at;
        }
    }
    panic!("redirected in circles, at last to {at}");
}

pub fn visit(at: &Url) -> Reply {
    visit_with(at, &[])
}

fn visit_with(at: &Url, headers: &[(&str, &str)]) -> Reply {
    Caller::new("", None).send("GET", at.as_str(), headers, Vec::new())
}

/// The address with another value for a parameter.
pub fn with(at: &Url, name: &str, value: &str) -> Url {
    let mut changed = at.clone();
    let pairs: Vec<_> = at.query_pairs().into_owned().collect();
    let mut query = changed.query_pairs_mut();
    query.clear();
    for (known, kept) in &pairs {
        query.append_pair(known, if known == name { value } else { kept });
    }
    drop(query);
    changed
}

/// The value of a parameter.
pub fn parameter(at: &Url, name: &str) -> String {
    let mut pairs = at.query_pairs();
    pairs
        .find(|(known, _)| known == name)
        .unwrap()
        .1
        .into_owned()
}

/// A process that is not left behind.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A running `chartseal login`. Dropped, it is ended without an answer.
pub struct Login {
    process: Process,
    lines: BufReader<ChildStdout>,
    said: String,
    /// What it asks a person to open.
    pub question: Url,
}

impl Login {
    pub fn start(issuer: &str, client: &str, out: &Path, more: &[&str]) -> Self {
        let command = Command::new(program())
            .args(["login", "--issuer", issuer, "--client-id", client, "--out"])
            .arg(out)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut process = Process(command.unwrap());
        let mut lines = BufReader::new(process.0.stdout.take().unwrap());
        let mut said = String::new();
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).unwrap() == 0 {
                let mut errors = process.0.stderr.take().unwrap();
                errors.read_to_string(&mut said).unwrap();
                panic!("it asks nothing: {said}");
            }
            said.push_str(&line);
            if line.starts_with("http") {
                let question = line.trim().parse().unwrap();
                return Self {
                    process,
                    lines,
                    said,
                    question,
                };
            }
        }
    }

    /// Waits for its end: the code, and all that it said.
    pub fn end(mut self) -> (i32, String) {
        self.lines.read_to_string(&mut self.said).unwrap();
        let mut errors = self.process.0.stderr.take().unwrap();
        errors.read_to_string(&mut self.said).unwrap();
        let status = self.process.0.wait().unwrap();
        (status.code().unwrap(), self.said)
    }
}
