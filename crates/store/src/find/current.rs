//! Reads of current versions on PostgreSQL. Those that are asked for while one statement
//! is under way go together in the next: a message to the server and back costs more
//! than the read itself.

use crate::{
    Error, FacilityId, Reader, Version,
    access::sealed::Connected as _,
    engine::{database::Conn, readers::Manager},
    find::current_statement::Current,
    records::{
        standing,
        version_row::{self, Row},
    },
};
use diesel::{RunQueryDsl as _, r2d2::Pool};
use model::Tag;
use std::{
    io, iter,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{self, Receiver, SyncSender},
    thread::{self, JoinHandle},
};
use tokio::sync::oneshot;

/// The most reads in one statement; an answer of large versions must fit in memory.
const MAX_GROUP: usize = 32;
/// How many reads may wait; more are refused at once.
const CAPACITY: usize = 4096;

type Answer = Result<Option<Version>, Error>;

struct Asked {
    facility: FacilityId,
    record: Tag,
    answer: oneshot::Sender<Answer>,
}

/// The thread that reads; it ends with this value.
pub(crate) struct CurrentReader {
    asked: Option<SyncSender<Asked>>,
    thread: Option<JoinHandle<()>>,
}

impl CurrentReader {
    /// Starts the thread.
    pub(crate) fn start(readers: Pool<Manager>) -> io::Result<Self> {
        let (sender, receiver) = mpsc::sync_channel(CAPACITY);
        let thread = thread::Builder::new()
            .name("store-current".to_owned())
            .spawn(move || run(&readers, &receiver))?;
        Ok(Self {
            asked: Some(sender),
            thread: Some(thread),
        })
    }

    /// The current version of a record, which may be a delete.
    pub(crate) async fn read(&self, facility: FacilityId, record: Tag) -> Answer {
        let (answer, answered) = oneshot::channel();
        let asked = Asked {
            facility,
            record,
            answer,
        };
        let sender = self.asked.as_ref().ok_or(Error::Unavailable)?;
        sender.try_send(asked).map_err(|_| Error::Unavailable)?;
        answered.await.unwrap_or(Err(Error::Unavailable))
    }
}

impl Drop for CurrentReader {
    fn drop(&mut self) {
        self.asked = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn run(readers: &Pool<Manager>, receiver: &Receiver<Asked>) {
    while let Ok(first) = receiver.recv() {
        let all: Vec<_> = iter::once(first)
            .chain(receiver.try_iter())
            .take(MAX_GROUP)
            .collect();
        let found = catch_unwind(AssertUnwindSafe(|| find(readers, &all)));
        answer(all, found.unwrap_or(Err(Error::Panicked)));
    }
}

/// The row of a record, if there is one, and its later leaves.
type Line = (Option<Row>, (Option<i64>, Option<i64>));

fn find(readers: &Pool<Manager>, asked: &[Asked]) -> Result<Vec<Line>, Error> {
    let mut reader = readers.get().map_err(|_| {
        tracing::warn!("no connection to read current versions");
        Error::Unavailable
    })?;
    let statement = Current {
        facilities: asked.iter().map(|asked| asked.facility.0).collect(),
        records: asked
            .iter()
            .map(|asked| asked.record.as_bytes().as_slice())
            .collect(),
    };
    Reader::query(&mut reader, |conn| match conn {
        Conn::Postgres(conn) => statement.load(conn),
        Conn::Sqlite(_) => Err(diesel::result::Error::QueryBuilderError(
            "only PostgreSQL is read so".into(),
        )),
    })
}

/// There is a line for each record, in the order asked. What cannot be understood is an
/// error for whoever asked for it, and for nobody else.
fn answer(all: Vec<Asked>, found: Result<Vec<Line>, Error>) {
    let mut lines = found.map(Vec::into_iter);
    for asked in all {
        let answer = match &mut lines {
            Ok(lines) => match lines.next() {
                Some((row, later)) => standing::require_none_later(asked.record, later)
                    .and_then(|()| row.map(version_row::read).transpose()),
                None => Err(Error::Unavailable),
            },
            Err(error) => Err(error.clone()),
        };
        // Whoever asked may have gone.
        let _ = asked.answer.send(answer);
    }
}
