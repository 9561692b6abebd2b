//! The disk is full: every request is refused, for its audit record finds no room; with
//! room again all goes on, in the same process.

use crate::{
    books::Books,
    checks::assert_all,
    installation::{HOME, Installation, is_ready},
    load::{gets_on, under_load},
    one_process::OneProcess,
    server::Server,
    site::Site,
    volume::Volume,
};
use e2e::{Caller, Dice, program, run as run_to_end, skipped, until};
use std::path::Path;

const WRITERS: usize = 2;
/// SQLite lets its `-wal` grow to 64 MiB before it writes it back.
const SIZE: &str = "160m";
/// Refusals in a row that show that nobody gets through.
const REFUSED: usize = 20;

#[test]
fn disk_full() {
    run(Volume::over);
}

/// Another error at the same places, and the log cannot be written either.
#[test]
fn files_limited() {
    run(Volume::limited);
}

fn run(disk: fn(&Path) -> Volume) {
    let one = OneProcess::go_live("");
    let (house, watch) = (&one.house, one.watch);
    let volume = disk(&house.path("data"));
    let mut command = volume.command(SIZE, program());
    command.args(["serve", "--config"]).arg(&one.config);
    let mut service = e2e::Service::spawn(&mut command, &house.path("serve.log"));
    service.wait_until("ready", || is_ready(watch));
    let users = [one.system()];
    let books = under_load(&users, WRITERS, |books| {
        for _ in 0..3 {
            gets_on(books);
            volume.fill(service.id());
            until("refusals", 60, || is_refused(books).then_some(()));
            assert_nothing_is_read(&users[0].at);
            volume.empty(service.id());
        }
        until("ready again", 60, || is_ready(watch).then_some(()));
    });
    let books = books.into_inside();
    println!("answered {:?}, refused {}", books.answered, books.refused);
    assert_eq!(books.unanswered, 0);
    books.check(&users[0].at, &Dice::new(78));
    let last = books
        .records
        .values()
        .rev()
        .find_map(|record| record.versions.last());
    one.assert_proof(&users[0], &last.unwrap().path);
    let logged = service.logged();
    assert!(!logged.contains("panicked"), "{logged}");
    assert!(service.stop().success());
}

/// A disk that has filled up before the start, and one that is emptied again.
#[test]
fn a_start_without_room_says_so_and_changes_nothing() {
    let house = Installation::new();
    let config = house.write("serve.toml", &house.sample("serve.toml"));
    drop(house.init(&config, HOME));
    let data = house.path("data");
    let Some(volume) = Volume::mounted(&data) else {
        skipped("no tmpfs can be mounted here");
        return;
    };
    let sweep = |filled: &str| {
        let script = format!("{filled}; exec \"$@\"");
        let mut command = volume.command("4m", "sh");
        command.args(["-c", &script, "sh"]).arg(program());
        run_to_end(command.args(["sweep", "--config"]).arg(&config))
    };
    let fill = format!("cat /dev/zero > {}/ballast 2>/dev/null", data.display());
    let full = sweep(&fill);
    assert_eq!(full.code, 2, "{}", full.text);
    assert!(full.text.contains("make room"), "{}", full.text);
    assert!(!full.text.contains("another program"), "{}", full.text);
    let again = sweep(&format!("{fill}; rm {}/ballast", data.display()));
    assert_eq!(again.code, 0, "{}", again.text);
}

#[test]
fn disk_full_under_postgres() {
    let Some(server) = Server::start_on_a_disk() else {
        skipped("no tmpfs can be mounted here");
        return;
    };
    let url = server.url_at(server.port());
    let mut site = Site::start(&url, &url, 1);
    let users = site.users();
    let books = under_load(&users, WRITERS, |books| {
        for _ in 0..2 {
            gets_on(books);
            server.fill(true);
            until("refusals", 60, || is_refused(books).then_some(()));
            assert_nothing_is_read(&users[0].at);
            server.fill(false);
        }
        gets_on(books);
    });
    site.wait();
    let books = books.into_inside();
    println!("answered {:?}, refused {}", books.answered, books.refused);
    assert_eq!(books.unanswered, 0);
    assert_all(&site, &server, &books);
    site.stop();
}

/// Whether there were enough refusals, and no acknowledgement between them.
fn is_refused(books: &Books) -> bool {
    let (answered, refused) = (books.answered(), books.refused());
    until("more refusals", 60, || {
        (books.refused() >= refused + REFUSED).then_some(())
    });
    books.answered() == answered
}

/// Reads are refused as writes are: a disclosure that could not be audited.
fn assert_nothing_is_read(caller: &Caller) {
    let read = caller.get("Patient?_count=1").expect(503, "a search");
    assert!(read.is_error_outcome() && read.text().contains("try again later"));
}
