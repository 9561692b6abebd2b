//! Bodies: how large they may be, and how slowly they may come.

use crate::{
    database::Kind,
    house::{HOME, House},
    records,
};
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

/// A connection on which a record of this number of bytes has been announced.
async fn announced(house: &House, length: usize) -> TcpStream {
    let token = house.token_with(&DemoUser::System, |_| {});
    announced_by(house, &token, length).await
}

async fn announced_by(house: &House, token: &str, length: usize) -> TcpStream {
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
    let record = records::long(60_000);
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

/// The whole answer; the connection may end before the body was taken.
async fn answer(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let mut piece = [0; 1_024];
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        answer.extend_from_slice(&piece[..read]);
    }
    String::from_utf8(answer).unwrap()
}

#[actix_web::test]
async fn bodies_under_way_have_room_of_one_user_and_of_all() {
    let house = house(|limits| (limits.body_bytes, limits.answer_bytes) = (400_000, 400_000)).await;
    let of =
        |name: &str| house.token_with(&DemoUser::Clinician, |claims| claims["sub"] = name.into());
    let mut held = Vec::new();
    for name in ["a", "b", "c", "d"] {
        let mut stream = announced_by(&house, &of(name), 390_000).await;
        stream.write_all(&[b' '; 380_000]).await.unwrap();
        held.push(stream);
    }
    while house.app.bytes_under_way() < 4 * 380_000 {
        sleep(Duration::from_millis(10)).await;
    }
    for (name, status) in [("a", "429"), ("e", "503")] {
        let mut stream = announced_by(&house, &of(name), 90_000).await;
        stream.write_all(&[b' '; 89_000]).await.unwrap();
        let answer = answer(stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{answer}"
        );
        assert!(answer.contains("retry-after: "), "{answer}");
    }
    // Who asks for little is served, and what was held is free when it goes.
    let system = house.caller(&DemoUser::System);
    system.get("Patient").await.expect(200);
    drop(held);
    while house.app.bytes_under_way() > 0 {
        sleep(Duration::from_millis(10)).await;
    }
    system.create("Patient", records::patient("a")).await;
}

#[actix_web::test]
async fn a_long_body_is_read_of_those_only_who_may_send_it() {
    let house = House::start().await;
    let patient = DemoUser::Patient {
        id: "p".parse().unwrap(),
    };
    let audits = house.audits(HOME).await.len();
    let token = house.token_with(&patient, |_| {});
    let address = house.anyone().base().replace("http://", "");
    let host = address.trim_end_matches("/fhir");
    for (number, target) in ["POST /fhir/Basic", "PUT /fhir/Basic/a", "POST /fhir"]
        .iter()
        .enumerate()
    {
        let mut stream = TcpStream::connect(host).await.unwrap();
        let head = format!(
            "{target} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/fhir+json\r\ncontent-length: 1000000\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        // None of the body is sent.
        let mut status = [0; 12];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 403", "{target}");
        assert_eq!(
            house.audits(HOME).await.len(),
            audits + number + 1,
            "{target}"
        );
    }
    // Whoever may write some record is read to the end.
    let clinician = house.caller(&DemoUser::Clinician);
    let body = records::long(100_000);
    clinician.post("Basic", body).await.expect(201);
}

/// Whoever sends all of a body before reading gets the answer, and the connection goes on.
#[actix_web::test]
async fn the_rest_of_a_refused_body_is_read_and_the_connection_goes_on() {
    let house = house(|limits| limits.body_bytes = 1_000_000).await;
    let token = house.token_with(&DemoUser::System, |_| {});
    let address = house.anyone().base().replace("http://", "");
    let host = address.trim_end_matches("/fhir");
    let post = |token: &str, length: usize| {
        format!(
            "POST /fhir/Basic HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/fhir+json\r\ncontent-length: {length}\r\n\r\n{}",
            " ".repeat(length)
        )
    };
    let mut stream = TcpStream::connect(host).await.unwrap();
    for (token, length, status) in [
        ("nobody", 4_000_000, "401"),
        (token.as_str(), 4_000_000, "413"),
        (token.as_str(), 1_000_001, "413"),
        (token.as_str(), 100, "400"),
    ] {
        let request = post(token, length);
        stream.write_all(request.as_bytes()).await.unwrap();
        let head = head(&mut stream).await;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(head.starts_with(&expected), "{length}: {head}");
        assert!(!head.contains("connection: close"), "{length}: {head}");
    }
}

/// Of a refused body that goes on and on, or does not come, nothing is read for long: the
/// connection ends with the answer.
#[actix_web::test]
async fn a_refused_body_that_does_not_end_ends_the_connection() {
    let house = House::start().await;
    let address = house.anyone().base().replace("http://", "");
    let host = address.trim_end_matches("/fhir");
    for (length, begun) in [
        ("transfer-encoding: chunked", "5\r\nhello\r\n"),
        ("transfer-encoding: chunked", ""),
        ("content-length: 100", "hello"),
        ("content-length: 100", ""),
    ] {
        let mut stream = TcpStream::connect(host).await.unwrap();
        let head = format!(
            "POST /fhir/Basic HTTP/1.1\r\nhost: {host}\r\n\
             content-type: application/fhir+json\r\n{length}\r\n\r\n{begun}"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 401 "), "{length}: {answer}");
        let answer = answer.to_lowercase();
        assert!(answer.contains("connection: close"), "{length}: {answer}");
    }
}

/// The head of an answer; its body is read too.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    head.replacen("http", "HTTP", 1)
}
