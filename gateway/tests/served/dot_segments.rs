//! Ids that are dot segments, as they come from a client that does not resolve them: no
//! URL can name such a record (<https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4>),
//! so none is made, and nothing else is answered in its place.

use crate::{house::House, records};
use devkit::issuer::DemoUser;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// The status line and the rest of what comes for a path that is sent as it stands.
async fn sent(house: &House, method: &str, path: &str, body: &str) -> (String, String) {
    let token = house.token_with(&DemoUser::System, |_| {});
    let address = house.anyone().base().replace("http://", "");
    let host = address.trim_end_matches("/fhir");
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/fhir+json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n\
         {body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (status, rest) = answer.split_once("\r\n").unwrap();
    (status.to_owned(), rest.to_owned())
}

#[actix_web::test]
async fn a_dot_segment_names_no_record_and_leads_nowhere_else() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    system.create("Patient", records::patient("a")).await;
    for segment in [".", "..", "%2e", "%2E%2E", ".%2e"] {
        let id = segment.replace("%2e", ".").replace("%2E", ".");
        let record = records::with_id(records::patient("b"), &id).to_string();
        let patient = format!("/fhir/Patient/{segment}");
        let (line, rest) = sent(&house, "PUT", &patient, &record).await;
        assert!(line.starts_with("HTTP/1.1 400 "), "{patient}: {line}");
        assert!(rest.contains("\"value\""), "{patient}: {rest}");
        for path in [
            patient.clone(),
            format!("{patient}/_history"),
            format!("{patient}/_history/1"),
            format!("{patient}/$proof"),
            // Not what a client that resolves them would ask for.
            format!("{patient}/Patient"),
            format!("/fhir/{segment}"),
            format!("/fhir/{segment}/Patient"),
            format!("/fhir/{segment}/metadata"),
            format!("/f/{segment}/fhir/Patient"),
        ] {
            let (line, rest) = sent(&house, "GET", &path, "").await;
            let told = format!("{path}: {line}\n{rest}");
            assert!(line.starts_with("HTTP/1.1 404 "), "{told}");
            assert!(rest.contains("\"OperationOutcome\""), "{told}");
        }
    }
    assert_eq!(system.found("Patient").await, 1);
}
