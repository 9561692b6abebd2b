//! A URL or a form that does not decode is refused at every path, whoever asks, and so is
//! an entry of a Bundle. What is no URL at all is refused by the HTTP library.

use crate::{
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// What does not decode: no digits, one, and what is no UTF-8.
const BROKEN: [&str; 5] = ["%zz", "%", "%4", "%ff", "%C3%28"];

#[actix_web::test]
async fn what_does_not_decode_is_refused_at_every_path() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let admin = house.caller(&DemoUser::Admin);
    let base = format!("/f/{HOME}/fhir");
    let log = format!("/log/{HOME}");
    for broken in BROKEN {
        for (method, path) in [
            ("GET", format!("/fhir/Patient/{broken}")),
            ("GET", format!("/fhir/Patient?name={broken}")),
            ("GET", format!("/fhir/Patient?{broken}=a")),
            ("GET", format!("/fhir/{broken}/1")),
            ("PUT", format!("/fhir/Patient/{broken}")),
            ("DELETE", format!("/fhir/Patient/1?{broken}")),
            ("POST", format!("/fhir?{broken}")),
            ("POST", format!("/fhir/Patient/_search?{broken}")),
            ("GET", format!("{base}/Patient/1/_history/{broken}")),
            ("GET", format!("{base}/Patient/1/$proof?{broken}")),
            ("GET", format!("{base}/AuditEvent?agent={broken}")),
            ("GET", format!("/f/{broken}/fhir/Patient")),
            ("GET", format!("/fhir/metadata?{broken}")),
            ("GET", format!("{log}/tile/0/{broken}")),
            ("GET", format!("/healthz?{broken}")),
            ("GET", format!("/{broken}")),
        ] {
            let answer = system.send(method, &path, &[], None).await.expect(400);
            let text = answer.json().to_string();
            assert!(text.contains("`%25`"), "{method} {path}: {text}");
            let anyone = house.anyone().send(method, &path, &[], None).await;
            anyone.expect(400);
        }
        let path = format!("/admin/clients/{broken}");
        let detail = admin.send("DELETE", &path, &[], None).await.problem(400);
        assert!(detail.contains("`%25`"), "{detail}");
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let body = Some(format!("name={broken}"));
        let posted = system.send("POST", "Patient/_search", &form, body).await;
        posted.expect(400);
        let url = format!("Patient?name={broken}");
        let batch = records::bundle("batch", &[("GET", url.as_str(), None)]);
        let answered = system.post("", batch).await.expect(200).json();
        let status = &answered["entry"][0]["response"]["status"];
        assert!(status.as_str().unwrap().starts_with("400"), "{answered}");
    }
    // What decodes is read: a percent sign is one.
    system.get("Patient?identifier=100%25").await.expect(200);
}

#[actix_web::test]
async fn a_url_of_an_entry_has_no_fragment() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for (url, status) in [
        ("Patient?identifier=urn:x|v#frag", "400"),
        ("Patient/1#frag", "400"),
        ("Patient?identifier=urn:x|v%23frag", "200"),
    ] {
        let batch = records::bundle("batch", &[("GET", url, None)]);
        let answered = system.post("", batch).await.expect(200).json();
        let got = answered["entry"][0]["response"]["status"].as_str().unwrap();
        assert!(got.starts_with(status), "{url}: {answered}");
    }
}

/// What a client gets that sends these bytes as a target.
async fn answer_to(house: &House, target: &str) -> String {
    let address = house.anyone().base().replace("http://", "");
    let host = address.trim_end_matches("/fhir");
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[actix_web::test]
async fn what_is_no_uri_is_refused_before_any_handler() {
    let house = House::start().await;
    let long = format!("/fhir/Patient?identifier={}", "a".repeat(66_000));
    for target in [
        "/fhir/Patient?_lastUpdated=>=2020-01-01",
        "/fhir/Patient?identifier=a b",
        long.as_str(),
    ] {
        let answer = answer_to(&house, target).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 "), "{head}");
        assert_eq!(body, "");
    }
    // The same, as a URI has it: that is read, and asks for a token.
    let answer = answer_to(&house, "/fhir/Patient?_lastUpdated=%3E%3D2020-01-01").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(answer.contains("OperationOutcome"), "{answer}");
}
