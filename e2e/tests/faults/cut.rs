//! Connections between the services and PostgreSQL are cut by chance, most of them at
//! COMMIT: before the server has it, or after it has done it and before anyone knows.

use crate::{checks::assert_all, front::Front, load::under_load, server::Server, site::Site};
use e2e::until;

const WRITERS: usize = 3;
const SEED: u64 = 7;
const CUTS: usize = 60;

#[test]
fn connections_cut() {
    let server = Server::start();
    let front = Front::of_postgres(server.port(), SEED);
    let (straight, cut) = (server.url_at(server.port()), server.url_at(front.port));
    let site = Site::start(&straight, &cut, 1);
    let users = site.users();
    let books = under_load(&users, WRITERS, |_| {
        front.cut(true);
        until("cuts", 90, || (front.count() >= CUTS).then_some(()));
        front.cut(false);
    });
    let books = books.into_inside();
    println!(
        "answered {:?}, refused {}, cut {}",
        books.answered,
        books.refused,
        front.count()
    );
    assert_eq!(books.unanswered, 0);
    assert_all(&site, &server, &books);
    site.stop();
}
