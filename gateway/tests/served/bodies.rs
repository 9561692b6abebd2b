//! Bodies: how large they may be, and how slowly they may come.

use crate::{database::Kind, house::House, records};
use devkit::issuer::DemoUser;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{Instant, sleep},
};

async fn house(change: impl FnOnce(&mut gateway::Limits)) -> House {
    House::start_with(Kind::Sqlite, |settings| change(&mut settings.limits)).await
}

#[actix_web::test]
async fn a_body_is_as_large_as_the_operator_says() {
    let house = house(|limits| limits.body_bytes = 2_000).await;
    let system = house.caller(&DemoUser::System);
    system.create("Patient", records::patient("a")).await;
    let long = records::patient(&"a".repeat(2_000));
    assert_eq!(
        system.post("Patient", &long).await.expect(413).issue(),
        "too-long"
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let query = Some(format!("identifier={}", "a".repeat(2_000)));
    system
        .send("POST", "Patient/_search", &form, query)
        .await
        .expect(413);
}

#[actix_web::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let house = house(|limits| limits.body_seconds = 1).await;
    let token = house.token_with(&DemoUser::System, |_| {});
    let address = house.anyone().base().replace("http://", "");
    let host = address.trim_end_matches("/fhir");
    for (path, kind, length) in [
        ("Patient", "application/fhir+json", "content-length: 100"),
        (
            "Patient",
            "application/fhir+json",
            "transfer-encoding: chunked",
        ),
        ("", "application/fhir+json", "content-length: 100"),
        (
            "Patient/_search",
            "application/x-www-form-urlencoded",
            "content-length: 100",
        ),
    ] {
        let mut stream = TcpStream::connect(host).await.unwrap();
        let head = format!(
            "POST /fhir/{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             content-type: {kind}\r\n{length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // The answer comes, and the connection ends with it.
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
        assert!(answer.contains("\"timeout\""), "{path}: {answer}");
    }
    // One that comes is taken, in however many pieces.
    let record = records::patient("a").to_string();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /fhir/Patient HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        record.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in record.as_bytes().chunks(10) {
        stream.write_all(piece).await.unwrap();
        stream.flush().await.unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}

/// A connection on which a record of so many bytes has been announced.
async fn announced(house: &House, length: usize) -> TcpStream {
    let token = house.token_with(&DemoUser::System, |_| {});
    let address = house.anyone().base().replace("http://", "");
    let host = address.trim_end_matches("/fhir");
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /fhir/Basic HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/fhir+json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[actix_web::test]
async fn a_body_that_stops_coming_holds_nothing_for_long() {
    let house = house(|limits| limits.body_seconds = 1).await;
    // What came at once would be 25 seconds' worth. A byte now and then is no body either.
    for trickles in [false, true] {
        let mut stream = announced(&house, 1_000_000).await;
        stream.write_all(&[b' '; 400_000]).await.unwrap();
        let begun = Instant::now();
        let (mut read, mut write) = stream.into_split();
        let trickle = async {
            while trickles && write.write_all(b" ").await.is_ok() {
                sleep(Duration::from_millis(200)).await;
            }
            std::future::pending::<()>().await;
        };
        let mut answer = String::new();
        tokio::select! {
            () = trickle => {}
            read = read.read_to_string(&mut answer) => drop(read),
        }
        assert!(answer.starts_with("HTTP/1.1 408 "), "{trickles}: {answer}");
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(10), "{trickles}: {waited:?}");
    }
}

#[actix_web::test]
async fn a_body_that_comes_steadily_is_taken() {
    let house = house(|limits| limits.body_seconds = 1).await;
    let record = format!(r#"{{"resourceType":"Basic","x":"{}"}}"#, "x".repeat(60_000));
    let mut stream = announced(&house, record.len()).await;
    // 24 kB a second, where 16 KiB are the least.
    for piece in record.as_bytes().chunks(6_000) {
        stream.write_all(piece).await.unwrap();
        sleep(Duration::from_millis(250)).await;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
}
