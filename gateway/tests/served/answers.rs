//! Answers that are not read, or slowly.

use crate::{database::Kind, house::House, records};
use devkit::issuer::DemoUser;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
    time::sleep,
};

/// More than the system keeps for a connection.
const BYTES: usize = 12_000_000;

/// A house whose answers may not be read slowly, and a record that makes a long one.
async fn house() -> (House, String) {
    let house = House::start_with(Kind::Sqlite, |settings| settings.limits.body_seconds = 1).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Basic", records::long(BYTES)).await;
    (house, format!("Basic/{id}"))
}

/// A connection by which a record was asked for, with little room for the answer.
async fn asked(house: &House, path: &str) -> TcpStream {
    let token = house.token_with(&DemoUser::System, |_| {});
    let address = house.anyone().base().replace("http://", "");
    let host = address.trim_end_matches("/fhir");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(host.parse().unwrap()).await.unwrap();
    let head = format!(
        "GET /fhir/{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
         connection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// Bytes that come until the connection ends, however it does.
async fn rest(mut stream: TcpStream, piece: usize) -> usize {
    let (mut bytes, mut piece) = (0, vec![0; piece]);
    while let Ok(read @ 1..) = stream.read(&mut piece).await {
        bytes += read;
    }
    bytes
}

#[actix_web::test]
async fn an_answer_that_nobody_reads_is_let_go_of() {
    let (house, path) = house().await;
    let stream = asked(&house, &path).await;
    while house.app.bytes_under_way() < BYTES / 2 {
        sleep(Duration::from_millis(20)).await;
    }
    // Nothing is read, and nothing is held any more.
    while house.app.bytes_under_way() > 0 {
        sleep(Duration::from_millis(20)).await;
    }
    let came = rest(stream, 64 * 1024).await;
    assert!(came < BYTES, "{came}");
}

#[actix_web::test]
async fn an_answer_that_is_read_comes_whole() {
    let (house, path) = house().await;
    let came = rest(asked(&house, &path).await, 64 * 1024).await;
    assert!(came > BYTES, "{came}");
    assert_eq!(house.app.bytes_under_way(), 0);
}

/// Whose answers are not read gets no others, and takes nothing from other users.
#[actix_web::test]
async fn who_reads_no_answer_gets_no_other() {
    let house = House::start_with(Kind::Sqlite, |settings| {
        settings.limits.body_bytes = BYTES + 1_000_000;
        settings.limits.answer_bytes = 13_000_000;
    })
    .await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Basic", records::long(BYTES)).await;
    let path = format!("Basic/{id}");
    let unread = asked(&house, &path).await;
    while house.app.bytes_under_way() < BYTES / 2 {
        sleep(Duration::from_millis(20)).await;
    }
    let refused = system.get(&path).await.expect(429);
    assert!(refused.header("retry-after").is_some());
    house
        .caller(&DemoUser::Clinician)
        .get(&path)
        .await
        .expect(200);
    drop(unread);
    while house.app.bytes_under_way() > 0 {
        sleep(Duration::from_millis(20)).await;
    }
    system.get(&path).await.expect(200);
}
