//! Searches under way hold up no read by key and not the word that the gateway is
//! ready; a search whose caller has gone is given up.

use crate::{
    database::Kind,
    house::{HOME, House},
    records,
};
use actix_web::rt::{spawn, task::JoinHandle, time::sleep};
use devkit::issuer::DemoUser;
use std::{
    io::Write as _,
    net::TcpStream,
    sync::mpsc::{self, Receiver, Sender},
    time::Duration,
};
use store::{Error, Options};

/// Searches of the store that go on until they are let go.
struct HeldUp {
    let_go: Vec<Sender<()>>,
    searches: Vec<JoinHandle<Result<(), Error>>>,
}

impl HeldUp {
    /// As many as the store takes at a time.
    async fn all(house: &House) -> Self {
        let mut held = Self {
            let_go: Vec::new(),
            searches: Vec::new(),
        };
        for _ in 0..Options::default().searches {
            let (let_go, waits): (_, Receiver<()>) = mpsc::channel();
            let (begun, begins) = tokio::sync::oneshot::channel();
            let store = house.store.clone();
            held.searches.push(spawn(async move {
                let search = move |_: &mut store::Reader| {
                    begun.send(()).expect("a test that waits");
                    let _ = waits.recv();
                    Ok(())
                };
                store.search("held up", search).await
            }));
            held.let_go.push(let_go);
            begins.await.expect("a search that begins");
        }
        held
    }

    async fn let_go(self) {
        drop(self.let_go);
        for search in self.searches {
            assert_eq!(search.await.expect("a search that ends"), Ok(()));
        }
    }
}

async fn searches_hold_up_nobody_else(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let held = HeldUp::all(&house).await;
    system.get(&format!("Patient/{id}")).await.expect(200);
    let second = system.create("Patient", records::patient("b")).await;
    system.get(&format!("Patient/{second}")).await.expect(200);
    house.anyone().get("/readyz").await.expect(200);
    held.let_go().await;
    assert_eq!(system.found("Patient").await, 2);
}

async fn a_search_whose_caller_has_gone_is_given_up(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let held = HeldUp::all(&house).await;
    let (authority, path) = system.base()["http://".len()..].split_once('/').unwrap();
    let token = house.token_with(&DemoUser::System, |_| {});
    let mut gone = TcpStream::connect(authority).unwrap();
    write!(
        gone,
        "GET /{path}/Patient HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {token}\r\n\r\n"
    )
    .unwrap();
    sleep(Duration::from_millis(500)).await;
    drop(gone);
    sleep(Duration::from_millis(500)).await;
    held.let_go().await;
    assert_eq!(system.found("Patient").await, 0);
    let audits = house.audits(HOME).await;
    let searches = audits
        .iter()
        .filter(|audit| audit.interaction.to_string().contains("search"));
    assert_eq!(searches.count(), 1, "the search that was waited for");
}

mod sqlite {
    use crate::database::Kind::Sqlite;

    #[actix_web::test]
    async fn searches_hold_up_nobody_else() {
        super::searches_hold_up_nobody_else(Sqlite).await;
    }

    #[actix_web::test]
    async fn a_search_whose_caller_has_gone_is_given_up() {
        super::a_search_whose_caller_has_gone_is_given_up(Sqlite).await;
    }
}

mod postgres {
    use crate::database::Kind::Postgres;

    #[actix_web::test]
    async fn searches_hold_up_nobody_else() {
        super::searches_hold_up_nobody_else(Postgres).await;
    }

    #[actix_web::test]
    async fn a_search_whose_caller_has_gone_is_given_up() {
        super::a_search_whose_caller_has_gone_is_given_up(Postgres).await;
    }
}
