//! Traces of requests, as a collector of OpenTelemetry receives them, and what is
//! not in them.

use crate::{installation::operations, one_process::OneProcess};
use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

const NAME: &str = "Quintessa";
/// A trace of the caller's own, and a part of `tracestate` that must go no further.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const STATE: &str = "vendor=quintessa";

/// Takes what is posted to `/v1/traces`.
struct Collector {
    port: u16,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let all = Arc::clone(&all);
                thread::spawn(move || take(stream, &all));
            }
        });
        Self { port, received }
    }

    fn has(&self, text: &[u8]) -> bool {
        let received = self.received.lock().unwrap();
        received.windows(text.len()).any(|window| window == text)
    }
}

/// Answers the requests of one connection.
fn take(stream: TcpStream, all: &Mutex<Vec<u8>>) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut first) = (0, String::new());
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        assert_eq!(first.trim(), "POST /v1/traces HTTP/1.1");
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        all.lock().unwrap().extend(body);
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n\
                      content-length: 0\r\n\r\n";
        reader.get_mut().write_all(answer.as_bytes()).unwrap();
    }
}

#[test]
fn requests_are_traced_without_anything_of_a_record() {
    let collector = Collector::start();
    let one = OneProcess::go_live(&format!(
        "\n[telemetry]\notlpEndpoint = \"http://127.0.0.1:{}\"\n",
        collector.port
    ));
    let service = one.start();
    let system = one.system();
    let version = system.create_patient(NAME);
    let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let traced = [("traceparent", parent.as_str()), ("tracestate", STATE)];
    let id = version.split('/').nth(1).unwrap();
    let path = format!("Patient/{id}");
    let read = system.at.send("GET", &path, &traced, Vec::new());
    drop(read.expect(200, "a read within a trace"));
    assert!(operations(one.watch, "healthz").is_some());
    // The end of the service sends what waits.
    assert!(service.stop().success());

    for expected in [
        "POST /fhir/{type}",
        "GET /fhir/{type}/{id}",
        "write exchange",
        "read current version",
        "chartseal-serve",
    ] {
        assert!(collector.has(expected.as_bytes()), "{expected}");
    }
    let trace: Vec<u8> = (0..16)
        .map(|at| u8::from_str_radix(&TRACE[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    assert!(collector.has(&trace), "the caller's own trace");
    for secret in [NAME, id, STATE, system.token.as_str()] {
        assert!(!collector.has(secret.as_bytes()), "{secret}");
    }
}
