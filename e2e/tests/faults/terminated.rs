//! PostgreSQL ends the anchor-service's sessions in the middle of sequencing and signing,
//! again and again: no leaf is lost or doubled, and no key signs two roots.

use crate::{
    checks::assert_all,
    load::{gets_on, under_load},
    server::Server,
    site::Site,
};

const WRITERS: usize = 3;
const ENDED: usize = 20;

/// Ends sessions inside of a transaction that reads or writes the tables of a log; five
/// seconds long, then says how many there were.
const TERMINATE: &str = "
CREATE FUNCTION pg_temp.terminate() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE ended bigint := 0; hit bigint;
BEGIN
    FOR turn IN 1..500 LOOP
        PERFORM pg_stat_clear_snapshot();
        SELECT count(pg_terminate_backend(pid)) INTO hit FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND state IN ('active', 'idle in transaction')
            AND query ~ '\"(tile|checkpoint|log|leaf)\"' AND random() < 0.2;
        ended := ended + hit;
        PERFORM pg_sleep(0.01);
    END LOOP;
    RETURN ended;
END $$;
SELECT pg_temp.terminate()";

#[test]
fn sessions_ended_in_the_middle_of_sequencing_and_signing() {
    let server = Server::start();
    let url = server.url_at(server.port());
    let mut site = Site::start(&url, &url, 1);
    let users = site.users();
    let mut ended = 0;
    let books = under_load(&users, WRITERS, |books| {
        for _ in 0..10 {
            ended += server.number(TERMINATE);
            gets_on(books);
            if ended >= ENDED {
                break;
            }
        }
    });
    assert!(ended >= ENDED, "{ended} sessions ended");
    site.wait();
    let books = books.into_inside();
    println!(
        "answered {:?}, refused {}, sessions ended {ended}",
        books.answered, books.refused
    );
    assert_eq!(books.unanswered, 0);
    assert_all(&site, &server, &books);
    let whole = site.house.chartseal(&["log", "check"], &site.config(), &[]);
    assert_eq!(whole.code, 0, "{}", whole.text);
    site.stop();
}
