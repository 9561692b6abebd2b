//! Traces of requests and of the anchor-service's steps, as a collector of OpenTelemetry
//! receives them, and what is not in them.

use crate::{
    chain::Chain,
    installation::{HOME, Installation, User, is_ready, metric, operations},
    one_process::OneProcess,
    postgres::Postgres,
};
use devkit::issuer::DemoUser;
use e2e::until;
use std::{
    fs,
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

    /// The section of a configuration that names it.
    fn section(&self) -> String {
        let port = self.port;
        format!("\n[telemetry]\notlpEndpoint = \"http://127.0.0.1:{port}\"\n")
    }

    fn has(&self, text: &[u8]) -> bool {
        self.count(text) > 0
    }

    fn count(&self, text: &[u8]) -> usize {
        let received = self.received.lock().unwrap();
        let windows = received.windows(text.len());
        windows.filter(|window| *window == text).count()
    }

    /// How many spans have this name: field 5 of a `Span`
    /// (<https://github.com/open-telemetry/opentelemetry-proto>).
    fn spans(&self, name: &str) -> u32 {
        let length = u8::try_from(name.len()).unwrap();
        let field = [&[0x2a, length], name.as_bytes()].concat();
        self.count(&field).try_into().unwrap()
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
    let one = OneProcess::go_live(&collector.section());
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
    one.assert_proof(&system, &version);
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
    for step in ["sequence", "checkpoint", "post", "mined", "finality"] {
        assert!(collector.spans(step) > 0, "{step}");
    }
    let trace: Vec<u8> = (0..16)
        .map(|at| u8::from_str_radix(&TRACE[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    assert!(collector.has(&trace), "the caller's own trace");
    for secret in [NAME, id, STATE, system.token.as_str()] {
        assert!(!collector.has(secret.as_bytes()), "{secret}");
    }
}

/// The anchor-service alone: a span for each thing that it did, and none for the rounds
/// in which it found nothing to do.
#[test]
fn what_the_anchor_service_does_is_traced() {
    let (house, database, chain) = (Installation::new(), Postgres::create(), Chain::anvil());
    house.write_secret("database-url", &format!("{}\n", database.url()));
    let collector = Collector::start();
    let (anchor, watch) = house.anchor("anchor.toml", &chain);
    // Far more rounds than leaves.
    let rule = "finality = \"immediate\"\n";
    let often = fs::read_to_string(&anchor).unwrap();
    let often = often.replace(rule, &format!("{rule}sequenceMillis = 10\n"));
    fs::write(&anchor, often + &collector.section()).unwrap();
    let issuer = house.issuer(None);
    let (log, registry) = house.go_live_by(&anchor, &issuer.issuer_url());
    let (config, port, gateway_watch) = house.gateway("gateway.toml", &issuer.issuer_url());
    let mut gateway = house.start("gateway", &config);
    gateway.wait_until("ready", || is_ready(gateway_watch));
    let mut anchoring = house.start("anchor", &anchor);
    anchoring.wait_until("ready", || is_ready(watch));

    let system = User::new(&issuer, &DemoUser::System, port);
    let version = system.create_patient(NAME);
    house.assert_proof(&system, &version, &log, &chain, &registry);
    assert!(gateway.stop().success());
    // Nothing new comes now; when all of it is final, there is nothing left to do.
    let of_log = |series: &str| metric(watch, &format!("{series}{{facility=\"{HOME}\"}}"));
    until("a final anchor over all leaves", 60, || {
        let waiting = metric(watch, "chartseal_pending_leaves");
        let left = of_log("chartseal_log_size") - of_log("chartseal_log_final_size");
        (waiting + left == 0.0).then_some(())
    });
    let done = |series: &str| metric(watch, &format!("chartseal_{series}_total"));
    let (leaves, posts) = (done("leaves_sequenced"), done("posts"));
    let (checkpoints, last) = (done("checkpoints_signed"), done("posts_final"));
    assert!(anchoring.stop().success());

    let spans = |step: &str| f64::from(collector.spans(step));
    assert!(spans("sequence") > 0.0 && spans("sequence") <= leaves);
    assert_eq!(spans("checkpoint"), checkpoints);
    assert_eq!((spans("post"), spans("mined")), (posts, posts));
    assert_eq!(spans("finality"), last);
    for part in [
        "chartseal-anchor",
        HOME,
        "write sequence",
        "ask eth_sendRawTransaction",
    ] {
        assert!(collector.has(part.as_bytes()), "{part}");
    }
    let id = version.split('/').nth(1).unwrap();
    for secret in [
        NAME,
        id,
        system.token.as_str(),
        &database.url(),
        &chain.url(),
    ] {
        assert!(!collector.has(secret.as_bytes()), "{secret}");
    }
}
