//! Copies SQLite's write-ahead log back into the database file
//! (<https://sqlite.org/wal.html#ckpt>), on a thread of its own, so that no transaction waits
//! for the copy. The thread keeps the statistics too.
//!
//! A passive copy takes no lock that a writer or reader wants, but it never reaches
//! the end of a log that grows meanwhile, and a log is only begun anew when it was
//! copied whole. So, when the log has grown long, the writer is asked to copy what
//! little is left between two transactions. A writer that outruns the copy does not go
//! on: at [`MAX_PAGES`] it copies what is left and cuts the log to nothing, whoever waits for
//! it, before it begins another transaction. What a reader still sees is not given up:
//! while one is in the way the log grows, and it is tried again. Everybody who writes, and
//! so everybody whose read is audited, waits as long as the writer does. So at first it
//! waits for readers a moment only, and those who can wait ([`crate::stand_back`]) begin no
//! other read until the log was begun anew. Beyond [`CROWDED_PAGES`] the log grows no
//! faster than [`MORE`] in each [`LONG_READER_WAIT_MILLIS`].

use crate::engine::{
    database::{Conn, Database, Use},
    statistics::Statistics,
    stats::Counters,
};
use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection,
    sql_query, sql_types::Integer,
};
use std::{
    cell::Cell,
    io,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::{sync::watch, time::timeout};

/// Between two looks at the length of the log, when something was written.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// From this length on, in pages of 4 KiB, the log is copied back and begun anew: 24
/// MiB, not SQLite's 4. Tags are scattered, so every commit touches pages all over the
/// indexes, and those that come again before the copy are copied once.
const COPY_PAGES: i32 = 6_144;
/// At this length, 32 MiB, the writer cuts the log. The group that began before is
/// written beyond it: four Bundles of 300 entries are some 32 MiB, nearly all of it index
/// pages.
const MAX_PAGES: i32 = 8_192;
/// From this length on, 64 MiB, the writer has great patience with readers. With a group
/// beyond it these are the 96 MiB of the documents.
const CROWDED_PAGES: i32 = 16_384;
/// How much more is written before the writer tries again, when a reader was still in
/// the log: 4 MiB.
const MORE: i32 = 1_024;
/// Between two looks of the writer at the length.
const LOOK: Duration = Duration::from_millis(5);
/// How long the writer waits for readers, in milliseconds: when the log is long, and for
/// each [`MORE`] that was written, when it must not grow; no longer than a read by key may
/// take.
const READER_WAIT_MILLIS: u32 = 5;
const LONG_READER_WAIT_MILLIS: u32 = 250;
const LONGEST_READER_WAIT_MILLIS: u32 = 10_000;
/// How long a read waits at most that stands back. Our own readers are gone by then, but for
/// searches that may take longer; another's, as of a backup, may be in the way for hours, and
/// is waited for once.
const STANDS_BACK: Duration = Duration::from_secs(6);

thread_local! {
    static STANDING_BACK: Cell<bool> = const { Cell::new(false) };
}

/// Lets the reads that are asked for on this thread stand back from now on: on SQLite they
/// begin no sooner than the write-ahead log can be begun anew, for which all others wait.
pub fn stand_back() {
    STANDING_BACK.set(true);
}

pub(crate) fn stands_back() -> bool {
    STANDING_BACK.get()
}

/// The thread that copies; it ends with this value.
pub(crate) struct WalCopier {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the copying thread and the writer tell each other.
#[derive(Default)]
pub(crate) struct Shared {
    /// The log is long and nearly copied: the writer is to begin it anew.
    long: AtomicBool,
    /// Held while the log is copied: SQLite waits for no other copy.
    copying: Mutex<()>,
    closed: Mutex<bool>,
    changed: Condvar,
    /// Readers were in the way when the log was to be begun anew.
    held: watch::Sender<bool>,
    /// They were waited for in vain.
    in_vain: AtomicBool,
}

/// What `PRAGMA wal_checkpoint` answers.
#[derive(QueryableByName)]
struct Pages {
    /// Not 0 when someone was in the way.
    #[diesel(sql_type = Integer)]
    busy: i32,
    /// In the log, copied ones too.
    #[diesel(sql_type = Integer)]
    log: i32,
}

impl WalCopier {
    /// Starts the thread.
    pub(crate) fn start(database: &Database, counters: &Arc<Counters>) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (database, counters) = (database.clone(), Arc::clone(counters));
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("store-wal".to_owned())
            .spawn(move || run(&of_thread, &database, &counters))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Until no reader is in the way of the log, or for [`STANDS_BACK`] once.
    pub(crate) async fn stand_back(&self) {
        self.stand_back_for(STANDS_BACK).await;
    }

    async fn stand_back_for(&self, most: Duration) {
        if self.shared.in_vain.load(Ordering::Relaxed) {
            return;
        }
        let mut held = self.shared.held.subscribe();
        let waited = timeout(most, held.wait_for(|held| !held)).await;
        if waited.is_err() {
            self.shared.in_vain.store(true, Ordering::Relaxed);
        }
    }

    /// The writer's side.
    pub(crate) fn bound(&self) -> Bound {
        Bound {
            shared: Arc::clone(&self.shared),
            looked: Instant::now(),
            most: MAX_PAGES,
        }
    }
}

impl Drop for WalCopier {
    fn drop(&mut self) {
        let closed = self.shared.closed.lock();
        *closed.unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Waits for the next turn; false when there is none.
    fn wait(&self) -> bool {
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(closed, LOOK_INTERVAL, |closed| !*closed);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn copying(&self) -> MutexGuard<'_, ()> {
        self.copying.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same, unless the other thread copies.
    fn copying_now(&self) -> Option<MutexGuard<'_, ()>> {
        match self.copying.try_lock() {
            Ok(copying) => Some(copying),
            Err(TryLockError::Poisoned(copying)) => Some(copying.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// The writer's side: what it knows of the length of the log.
pub(crate) struct Bound {
    shared: Arc<Shared>,
    looked: Instant,
    most: i32,
}

impl Bound {
    /// Called by the writer between two transactions: begins the log anew when that
    /// is due. A reader that is still in the old log is not waited for long; the log
    /// then grows until the next turn.
    pub(crate) fn keep(&mut self, conn: &mut Conn) {
        let Conn::Sqlite(conn) = conn else { return };
        let asked = self.shared.long.swap(false, Ordering::Relaxed);
        if !asked && self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let length = checkpoint(conn, "NOOP").map_or(0, |pages| pages.log);
        if length < self.most.saturating_sub(MORE) {
            // Shorter than when a reader was in the way: it was begun anew since.
            self.most = MAX_PAGES;
        }
        if length >= self.most {
            // Unlike RESTART it leaves no reader a moment to come back to the old log.
            let begun = self.begin_anew(conn, "TRUNCATE", self.patience(length));
            self.most = if begun {
                MAX_PAGES
            } else {
                length.saturating_add(MORE)
            };
            self.note_held(!begun);
        } else if asked && self.begin_anew(conn, "RESTART", READER_WAIT_MILLIS) {
            self.most = MAX_PAGES;
            self.note_held(false);
        }
    }

    fn note_held(&self, held: bool) {
        if !held {
            self.shared.in_vain.store(false, Ordering::Relaxed);
        }
        self.shared.held.send_replace(held);
    }

    /// How long to wait for readers, by what was written since the last time.
    fn patience(&self, length: i32) -> u32 {
        if length < CROWDED_PAGES {
            return READER_WAIT_MILLIS;
        }
        let times = 1 + length.saturating_sub(self.most) / MORE;
        let times = u32::try_from(times).unwrap_or(1);
        LONG_READER_WAIT_MILLIS
            .saturating_mul(times)
            .min(LONGEST_READER_WAIT_MILLIS)
    }

    /// Whether the next transaction is at the beginning of the log.
    fn begin_anew(&self, conn: &mut SqliteConnection, mode: &str, patience: u32) -> bool {
        let copying = if patience > READER_WAIT_MILLIS {
            Some(self.shared.copying())
        } else {
            self.shared.copying_now()
        };
        let Some(_copying) = copying else {
            return false;
        };
        let begun = conn
            .batch_execute(&format!("PRAGMA busy_timeout = {patience}"))
            .and_then(|()| checkpoint(conn, mode));
        // The patience of all other statements, whatever became of this one.
        let _ = conn.batch_execute("PRAGMA busy_timeout = 5000");
        if begun.is_err() {
            tracing::warn!("the write-ahead log was not copied back; it is tried again");
        }
        begun.is_ok_and(|pages| pages.busy == 0)
    }
}

fn run(shared: &Shared, database: &Database, counters: &Counters) {
    let mut connection = None;
    let mut statistics = Statistics::new();
    let mut seen = 0;
    while shared.wait() {
        let commits = counters.commits();
        let resting = commits == seen;
        if resting && !statistics.is_due(resting) {
            continue;
        }
        if connection.is_none() {
            connection = database.connect(Use::Write).ok();
        }
        let Some(Conn::Sqlite(conn)) = &mut connection else {
            continue;
        };
        let kept = if resting {
            Ok(())
        } else {
            copy_when_long(conn, shared).map(|long| {
                seen = commits;
                shared.long.store(long, Ordering::Relaxed);
            })
        };
        let kept = kept.and_then(|()| {
            if statistics.is_due(resting) {
                statistics.keep(conn)
            } else {
                Ok(())
            }
        });
        if kept.is_err() {
            tracing::warn!(
                "the write-ahead log was not copied back, or no statistics were made; it is \
                 tried again"
            );
            connection = None;
        }
    }
}

/// Copies a long log, and gives whether there was one. The second copy has only what
/// was written during the first, so that little is left for the writer.
fn copy_when_long(conn: &mut SqliteConnection, shared: &Shared) -> QueryResult<bool> {
    let long = checkpoint(conn, "NOOP")?.log >= COPY_PAGES;
    if long {
        let _copying = shared.copying();
        checkpoint(conn, "PASSIVE")?;
        checkpoint(conn, "PASSIVE")?;
    }
    Ok(long)
}

fn checkpoint(conn: &mut SqliteConnection, mode: &str) -> QueryResult<Pages> {
    sql_query(format!("PRAGMA wal_checkpoint({mode})")).get_result(conn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        future::{Future as _, poll_fn},
        task::Poll,
    };

    #[tokio::test]
    async fn who_stands_back_waits_until_no_reader_is_in_the_way() {
        let (shared, thread) = (Arc::<Shared>::default(), None);
        let copier = WalCopier { shared, thread };
        copier.stand_back().await;
        copier.shared.held.send_replace(true);
        let mut waits = Box::pin(copier.stand_back());
        let first = poll_fn(|context| Poll::Ready(waits.as_mut().poll(context)));
        assert!(first.await.is_pending());
        copier.shared.held.send_replace(false);
        waits.await;
    }

    #[tokio::test]
    async fn a_reader_that_stays_is_waited_for_once() {
        let (shared, thread) = (Arc::<Shared>::default(), None);
        let copier = WalCopier { shared, thread };
        let in_vain = || copier.shared.in_vain.load(Ordering::Relaxed);
        copier.shared.held.send_replace(true);
        copier.stand_back_for(Duration::from_millis(10)).await;
        assert!(in_vain());
        // Though it is still there.
        copier.stand_back_for(Duration::MAX).await;
        copier.bound().note_held(true);
        assert!(in_vain());
        copier.bound().note_held(false);
        assert!(!in_vain(), "the log was begun anew");
    }

    #[test]
    fn only_threads_that_said_so_stand_back() {
        assert!(!stands_back());
        let other = thread::spawn(|| {
            stand_back();
            stands_back()
        });
        assert!(other.join().expect("joined"));
        assert!(!stands_back());
    }
}
