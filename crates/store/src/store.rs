//! The store: opened once, cloned freely. `run_tx` is the one way to write.

use crate::{
    Database, Error, FacilityId, LeafKeys, LockKey, OpenError, Options, Reader, Stats, Tx, Version,
    engine::{
        cancel::Canceller,
        lock_file::LockFile,
        open,
        queue::{Job, Queue},
        readers::{Connections, Purpose, Readers},
        stats::Counters,
        wal::{self, WalCopier},
        writer::Writer,
    },
    find::current::CurrentReader,
};
use model::Tag;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};
use tokio::sync::oneshot;
use tracing::{Instrument as _, Span};

/// How long a read by key may take: a database that takes longer is not well.
const KEY_TIME: Duration = Duration::from_secs(10);
/// How long the database may take to say that it is there.
const READY_TIME: Duration = Duration::from_secs(3);

/// An open database. When the last clone goes, waiting transactions are run to
/// their end and the database is closed.
#[derive(Clone)]
pub struct Store(Arc<Open>);

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// The fields go in this order: the lock is given up last.
struct Open {
    queue: Arc<Queue>,
    counters: Arc<Counters>,
    /// Reads that were asked for, of any kind.
    reads: AtomicU64,
    writers: Vec<JoinHandle<()>>,
    by_key: Readers,
    searches: Readers,
    ready: Readers,
    /// Where the database is behind a network.
    current: Option<CurrentReader>,
    /// Whether the database is in this process, and not behind a network.
    embedded: bool,
    /// SQLite's.
    wal: Option<WalCopier>,
    leaf_keys: LeafKeys,
    _lock: Option<LockFile>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.queue.close();
        for writer in self.writers.drain(..) {
            // A closure may hold the last clone; its thread cannot wait for itself.
            if writer.thread().id() != thread::current().id() {
                let _ = writer.join();
            }
        }
    }
}

impl Store {
    /// Opens the database, making its tables when it is empty.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(database: &Database) -> Result<Self, OpenError> {
        Self::open_with(database, Options::default())
    }

    /// [`Self::open`] with a number of connections.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open_with(database: &Database, options: Options) -> Result<Self, OpenError> {
        let lock = open::prepare(database, options)?;
        let counters = Arc::default();
        let embedded = matches!(database, Database::Sqlite { .. });
        let wal = embedded.then(|| WalCopier::start(database, &counters));
        let wal = wal.transpose().map_err(OpenError::Thread)?;
        // One more for the thread that reads current versions.
        let by_key = Connections {
            count: options.readers.max(1),
            more: u32::from(!embedded),
        };
        let leaf_keys = LeafKeys::default();
        let readers = |purpose, connections, time| {
            Readers::new(database, &leaf_keys, purpose, connections, time)
        };
        let by_key = readers(Purpose::Key, by_key, KEY_TIME);
        let current = (!embedded).then(|| CurrentReader::start(by_key.pool()));
        let current = current.transpose().map_err(OpenError::Thread)?;
        let canceller = (!embedded).then(|| Canceller::start(database).map(Arc::new));
        let canceller = canceller.transpose().map_err(OpenError::Thread)?;
        let searches = Connections {
            count: options.searches.max(1),
            more: 0,
        };
        let searches =
            readers(Purpose::Search, searches, options.search_time).cancelled_by(canceller);
        let one = Connections { count: 1, more: 0 };
        let ready = readers(Purpose::Ready, one, READY_TIME);
        let mut open = Open {
            queue: Arc::default(),
            counters,
            reads: AtomicU64::default(),
            writers: Vec::new(),
            by_key,
            searches,
            ready,
            current,
            embedded,
            wal,
            leaf_keys,
            _lock: lock,
        };
        let writers = if embedded { 1 } else { options.writers.max(1) };
        for number in 1..=writers {
            let (queue, counters) = (open.queue.clone(), open.counters.clone());
            let wal = open.wal.as_ref().map(WalCopier::bound);
            let keys = open.leaf_keys.clone();
            let writer = Writer::new(database.clone(), queue, counters, wal, keys);
            let thread = thread::Builder::new()
                .name(format!("store-writer-{number}"))
                .spawn(|| writer.run())
                .map_err(OpenError::Thread)?;
            open.writers.push(thread);
        }
        Ok(Self(Arc::new(open)))
    }

    /// Runs `f` in a transaction and commits it, together with others that wait.
    /// `f` may run several times, so it must not depend on what it did before; it
    /// cannot wait for anything but the database. An error from `f` leaves nothing
    /// of what it wrote. When the future is dropped the transaction may still happen.
    ///
    /// # Errors
    /// Those of `f`, or [`Error::Unavailable`], [`Error::Panicked`].
    pub async fn run_tx<T, F>(
        &self,
        name: &'static str,
        locks: &[LockKey],
        f: F,
    ) -> Result<T, Error>
    where
        F: FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.run(name, locks, f, |job| job).await
    }

    /// [`Self::run_tx`] for what writes many rows: it is committed by itself, and others
    /// that wait are committed before, eight groups of them at most.
    ///
    /// # Errors
    /// As [`Self::run_tx`].
    pub async fn run_long_tx<T, F>(
        &self,
        name: &'static str,
        locks: &[LockKey],
        f: F,
    ) -> Result<T, Error>
    where
        F: FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.run(name, locks, f, Job::long).await
    }

    async fn run<T, F>(
        &self,
        name: &'static str,
        locks: &[LockKey],
        f: F,
        kind: fn(Job) -> Job,
    ) -> Result<T, Error>
    where
        F: FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        self.0.queue.add(kind(Job::new(name, locks, f, |value| {
            // Whoever asked may have gone.
            let _ = sender.send(value);
        })));
        let answered = receiver.instrument(span("write", name)).await;
        answered.unwrap_or(Err(Error::Unavailable))
    }

    /// [`Self::run_tx`] for threads that may wait.
    ///
    /// # Errors
    /// As [`Self::run_tx`].
    pub fn run_tx_blocking<T, F>(
        &self,
        name: &'static str,
        locks: &[LockKey],
        f: F,
    ) -> Result<T, Error>
    where
        F: FnMut(&mut Tx) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.0.queue.add(Job::new(name, locks, f, move |value| {
            let _ = sender.send(value);
        }));
        receiver.recv().unwrap_or(Err(Error::Unavailable))
    }

    /// Runs `f` on a connection that only reads: rows by their key, and lists that are
    /// short by nature. It does not see transactions that are not committed, and sees all
    /// that were answered before it began.
    ///
    /// # Errors
    /// Those of `f`, or [`Error::Unavailable`], [`Error::Panicked`].
    pub async fn read<T, F>(&self, name: &'static str, f: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.read_among(|open| &open.by_key, name, f).await
    }

    /// [`Self::read`] for what may look at many rows: on connections of its own, for a
    /// bounded time, and no longer than the future is there to be answered.
    ///
    /// # Errors
    /// As [`Self::read`], and [`Error::TooCostly`] when it takes too long.
    pub async fn search<T, F>(&self, name: &'static str, f: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.read_among(|open| &open.searches, name, f).await
    }

    /// Whether the database answers, asked on a connection that nothing else uses.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not.
    pub async fn ready(&self) -> Result<(), Error> {
        let read = |reader: &mut Reader| reader.meta().find("product").map(drop);
        self.read_among(|open| &open.ready, "ready", read).await
    }

    async fn read_among<T, F>(
        &self,
        readers: fn(&Open) -> &Readers,
        name: &'static str,
        f: F,
    ) -> Result<T, Error>
    where
        F: FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        self.count_read();
        let wal = self.0.wal.as_ref().filter(|_| wal::stands_back());
        let read = async {
            if let Some(wal) = wal {
                wal.stand_back().await;
            }
            let turn = readers(&self.0).turns.clone().acquire_owned().await;
            let turn = turn.map_err(|_| Error::Unavailable)?;
            let (store, caller) = (self.clone(), Arc::new(()));
            let waits = Arc::downgrade(&caller);
            let read = tokio::task::spawn_blocking(move || {
                let _turn = turn;
                readers(&store.0).read(name, waits, f)
            });
            let answer = read.await.unwrap_or(Err(Error::Panicked));
            // Until here: whoever drops the future drops it, and the read ends.
            drop(caller);
            answer
        };
        read.instrument(span("read", name)).await
    }

    /// [`Self::read`] of a row or two by their key. On SQLite it runs on the thread
    /// that asks, when a connection is free: to hand it to another takes longer than
    /// the read itself. Not for what may look at many rows.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_by_key<T, F>(&self, name: &'static str, f: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Reader) -> Result<T, Error> + Send + 'static,
        T: Send + 'static,
    {
        let turn = self.0.embedded.then(|| self.0.by_key.turns.try_acquire());
        match turn {
            Some(Ok(_turn)) => span("read", name).in_scope(|| self.read_blocking(name, f)),
            _ => self.read(name, f).await,
        }
    }

    /// The current version of a record, which may be a delete. Sees what
    /// [`Self::read`] does.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn current_version(
        &self,
        facility: FacilityId,
        record: Tag,
    ) -> Result<Option<Version>, Error> {
        const NAME: &str = "current version";
        match &self.0.current {
            Some(current) => {
                self.count_read();
                let read = current.read(facility, record);
                read.instrument(span("read", NAME)).await
            }
            None => {
                let read = move |reader: &mut Reader| reader.versions().current(facility, record);
                self.read_by_key(NAME, read).await
            }
        }
    }

    /// [`Self::read`] for threads that may wait.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn read_blocking<T, F>(&self, name: &'static str, f: F) -> Result<T, Error>
    where
        F: FnOnce(&mut Reader) -> Result<T, Error>,
    {
        self.count_read();
        let caller = Arc::new(());
        self.0.by_key.read(name, Arc::downgrade(&caller), f)
    }

    /// Number of searches that can be under way at a time.
    #[must_use]
    pub fn searches(&self) -> usize {
        self.0.searches.most()
    }

    fn count_read(&self) {
        self.0.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// The leaf keys that it works with; none are held until they are set here.
    #[must_use]
    pub fn leaf_keys(&self) -> &LeafKeys {
        &self.0.leaf_keys
    }

    /// Number of reads since the store was opened; those of closures do not count.
    #[must_use]
    pub fn reads(&self) -> u64 {
        self.0.reads.load(Ordering::Relaxed)
    }

    /// What the writer has done since the store was opened.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }
}

/// The span of a part of what is traced; on its own it is no trace.
fn span(what: &'static str, name: &'static str) -> Span {
    if Span::current().is_none() {
        return Span::none();
    }
    tracing::debug_span!("store", otel.name = format!("{what} {name}"))
}
