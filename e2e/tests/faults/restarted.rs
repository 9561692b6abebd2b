//! PostgreSQL ends sessions, is shut down, crashes and comes back under load.

use crate::{
    checks::assert_all,
    load::{gets_on, under_load},
    server::{Server, Stop},
    site::Site,
};
use e2e::{Dice, until};
use std::{thread::sleep, time::Duration};

const WRITERS: usize = 3;
const SEED: u64 = 6;

/// All sessions but the one that asks.
const TERMINATE: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                         WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'";

#[test]
fn postgres_restarted_under_load() {
    let (mut server, dice) = (Server::start(), Dice::new(SEED));
    let url = server.url_at(server.port());
    let mut site = Site::start(&url, &url, 2);
    let users = site.users();
    let books = under_load(&users, WRITERS, |books| {
        gets_on(books);
        for _ in 0..3 {
            for _ in 0..4 {
                sleep(Duration::from_millis(dice.below(200) as u64));
                server.ask(TERMINATE);
            }
            gets_on(books);
        }
        for how in [Stop::Fast, Stop::Immediate, Stop::Immediate] {
            let refused = books.refused();
            server.stop(how);
            until("refusals", 60, || (books.refused() > refused).then_some(()));
            server.begin();
            gets_on(books);
        }
    });
    // No service was started anew: they are the same processes, and ready.
    site.wait();
    let books = books.into_inside();
    println!("answered {:?}, refused {}", books.answered, books.refused);
    assert_eq!(books.unanswered, 0);
    assert_all(&site, &server, &books);
    site.stop();
}
