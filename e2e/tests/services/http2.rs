//! HTTP/2 over TLS as the gateway ends it itself, asked by Node.js.

use crate::{certificate::put, installation::operations, one_process::OneProcess};
use e2e::{node_folder, until};
use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

/// What the peer says of a connection on which it asked all of these at once.
fn ask(one: &OneProcess, certificate: &Path, token: &str, requests: &Value) -> Value {
    let mut child = Command::new("node")
        .arg("http2.mjs")
        .arg(certificate)
        .arg(token)
        .arg(format!("https://127.0.0.1:{}", one.port))
        .current_dir(node_folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(requests.to_string().as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Each answer has this status, and the header that keeps browsers to TLS.
#[track_caller]
fn expect<'a>(said: &'a Value, status: &[u16]) -> Vec<&'a Value> {
    assert_eq!(said["protocol"], "h2", "{said}");
    assert!(
        said["tls"].as_str().unwrap().starts_with("TLSv1."),
        "{said}"
    );
    let answers: Vec<&Value> = said["answers"].as_array().unwrap().iter().collect();
    let got: Vec<_> = answers
        .iter()
        .map(|answer| answer["status"].as_u64())
        .collect();
    let wanted: Vec<_> = status
        .iter()
        .map(|status| Some(u64::from(*status)))
        .collect();
    assert_eq!(got, wanted, "{said}");
    for answer in &answers {
        let hsts = answer["headers"]["strict-transport-security"].as_str();
        assert!(
            hsts.is_some_and(|value| value.starts_with("max-age=")),
            "{answer}"
        );
    }
    answers
}

fn get(path: &str) -> Value {
    json!({"method": "GET", "path": path})
}

/// A process that ends TLS with the certificate in this folder.
fn go_live(folder: &Path) -> OneProcess {
    put(folder, "first");
    OneProcess::go_live(&format!(
        "\n[gateway.tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
        folder.join("tls.crt").display(),
        folder.join("tls.key").display()
    ))
}

#[test]
fn a_peer_that_reads_nothing_has_a_hundred_requests_open_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let one = go_live(folder.path());
    let service = one.start();
    for _ in 0..2 {
        let output = Command::new("node")
            .arg("http2_window.mjs")
            .arg(folder.path().join("tls.crt"))
            .arg(format!("https://127.0.0.1:{}", one.port))
            .args(["/fhir/Patient/absent", "1000"])
            .current_dir(node_folder())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let statuses: Value = serde_json::from_slice(&output.stdout).unwrap();
        // Without a token: 401, and 429 when there were many.
        let of = |status: &str| statuses[status].as_u64().unwrap_or(0);
        assert_eq!(of("401") + of("429"), 100, "{statuses}");
        assert_eq!(of("503"), 900, "{statuses}");
    }
    let metrics = operations(one.watch, "metrics").unwrap().text();
    let counted = metrics.lines().filter(|line| {
        line.starts_with("chartseal_http_requests_total{") && line.contains("status=\"503\"")
    });
    let counted: Vec<_> = counted
        .filter_map(|line| line.split(' ').next_back())
        .collect();
    assert_eq!(counted, ["1800"], "{metrics}");
    assert!(service.stop().success());
}

#[test]
fn records_are_written_read_found_and_proved_over_http2() {
    let folder = tempfile::tempdir().unwrap();
    let one = go_live(folder.path());
    let path = |name: &str| folder.path().join(name);
    // Browsers are kept to TLS where the public URL says that there is.
    let text = fs::read_to_string(&one.config).unwrap();
    let secure = text.replace("publicUrl = \"http:", "publicUrl = \"https:");
    fs::write(&one.config, secure).unwrap();
    let service = one.start();
    let token = one.system().token;
    let ask = |requests: Value| ask(&one, &path("tls.crt"), &token, &requests);
    let patient = |n: usize| {
        let known = json!([{"system": "urn:h2", "value": n.to_string()}]);
        json!({
            "method": "POST", "path": "/fhir/Patient",
            "body": {"resourceType": "Patient", "identifier": known},
        })
    };
    let made = ask((0..20).map(patient).collect());
    let made = expect(&made, &[201; 20]);
    let location = made[7]["headers"]["location"].as_str().unwrap();
    let (_, version) = location.split_once("/fhir/").unwrap();
    let record = version.split_once("/_history").unwrap().0;
    let read = ask(json!([
        get(&format!("/fhir/{record}")),
        get("/fhir/Patient?identifier=urn:h2|7"),
        get("/fhir/Patient/absent"),
        get("/fhir/metadata"),
    ]));
    let read = expect(&read, &[200, 200, 404, 200]);
    let body = |answer: &Value| -> Value {
        serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
    };
    assert_eq!(body(read[0])["identifier"][0]["value"], "7");
    assert_eq!(body(read[1])["entry"].as_array().map(Vec::len), Some(1));
    let proof = format!("/fhir/{version}/$proof");
    until("the proof of a leaf under a checkpoint", 60, || {
        let said = ask(json!([get(&proof)]));
        let answer = expect(&said, &[200])[0];
        body(answer).get("tlogProof").map(drop)
    });
    assert!(service.stop().success());
}
