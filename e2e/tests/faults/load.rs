//! Writers that each create, update and read at the gateways in turn, and note every
//! answer.

use crate::{
    books::{Books, Record, SYSTEM, Version},
    installation::User,
};
use e2e::{Caller, Dice, Reply, until};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// After an answer 503; its `Retry-After` is a second, but a test has no time.
const PAUSE: Duration = Duration::from_millis(100);
/// How often a request with an idempotency key is sent again.
const AGAIN: usize = 600;

/// Runs `faults` while this number of writers is at work. Gives what they noted.
pub fn under_load(users: &[User], writers: usize, faults: impl FnOnce(&Books)) -> Books {
    let (books, end) = (Books::default(), AtomicBool::new(false));
    thread::scope(|scope| {
        for number in 0..writers {
            let (books, end) = (&books, &end);
            scope.spawn(move || {
                let writer = Writer {
                    users,
                    number,
                    dice: Dice::new(number as u64),
                    books,
                };
                writer.work(end);
            });
        }
        // The writers end also when the faults fail the test.
        let _end = End(&end);
        faults(&books);
    });
    books
}

/// Writes are acknowledged from now on.
pub fn gets_on(books: &Books) {
    let answered = books.answered();
    until("acknowledgements", 60, || {
        (books.answered() > answered + 30).then_some(())
    });
}

struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Writer<'a> {
    users: &'a [User],
    number: usize,
    dice: Dice,
    books: &'a Books,
}

impl Writer<'_> {
    fn work(&self, end: &AtomicBool) {
        for turn in 0.. {
            if end.load(Ordering::SeqCst) {
                return;
            }
            let mark = format!("{}-{turn:06}", self.number);
            let mut record = Record {
                keyed: self.dice.below(3) == 0,
                ..Record::default()
            };
            if self.create(&mark, &mut record) && self.update(&mark, &mut record) {
                self.read(&record);
            }
            self.books
                .with(|inside| inside.records.insert(mark, record));
        }
    }

    fn at(&self) -> &Caller {
        &self.users[self.dice.below(self.users.len())].at
    }

    fn create(&self, mark: &str, record: &mut Record) -> bool {
        let Some(reply) = self.write("create", "Patient", mark, "", record) else {
            return false;
        };
        record.versions.push(Version {
            path: reply.location(),
            etag: reply.header("etag").unwrap().to_owned(),
            body: reply.body,
        });
        true
    }

    fn update(&self, mark: &str, record: &mut Record) -> bool {
        let version = record.versions[0].path.clone();
        let (reference, _) = version.split_once("/_history/").unwrap();
        let (_, id) = reference.split_once('/').unwrap();
        let id = format!(r#""id":"{id}","#);
        let Some(reply) = self.write("update", reference, mark, &id, record) else {
            return false;
        };
        record.versions.push(Version {
            path: format!("{reference}/_history/2"),
            etag: reply.header("etag").unwrap().to_owned(),
            body: reply.body,
        });
        true
    }

    fn read(&self, record: &Record) {
        let version = &record.versions[self.dice.below(record.versions.len())];
        let reply = self.at().try_send("GET", &version.path, &[], Vec::new());
        self.books.with(|inside| {
            let reply = inside.note("vread", reply.ok());
            if reply.is_some_and(|reply| reply.body != version.body) {
                inside
                    .wrong
                    .push(format!("other content: {}", version.path));
            }
        });
    }

    /// One write; with a key it is sent until there is an answer, at whichever gateway.
    fn write(
        &self,
        what: &'static str,
        path: &str,
        mark: &str,
        id: &str,
        record: &mut Record,
    ) -> Option<Reply> {
        let method = if what == "create" { "POST" } else { "PUT" };
        let key = format!("{what}-{mark}");
        let mut headers = Vec::new();
        if record.keyed {
            headers.push(("idempotency-key", key.as_str()));
        }
        let body = format!(
            r#"{{"resourceType":"Patient",{id}"identifier":[{{"system":"{SYSTEM}","value":"{mark}"}}],"name":[{{"text":"{what}"}}]}}"#
        );
        for _ in 0..if record.keyed { AGAIN } else { 1 } {
            let reply = self
                .at()
                .try_send(method, path, &headers, body.clone().into());
            let reply = self.books.with(|inside| inside.note(what, reply.ok()));
            if reply.is_some() {
                return reply;
            }
            thread::sleep(PAUSE);
        }
        record.doubtful += 1;
        if record.keyed {
            let complaint = format!("{mark} was never acknowledged");
            self.books.with(|inside| inside.wrong.push(complaint));
        }
        None
    }
}
