//! Ends searches on a PostgreSQL server whose callers have gone: the thread that reads
//! waits for the server and can tell it nothing.

use crate::engine::database::{Conn, Database, Use};
use diesel::{QueryResult, RunQueryDsl, select, sql_types::Integer};
use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Between two looks at the callers, while anything is read.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

diesel::define_sql_function! {
    /// Asks the server process to give up its statement.
    fn pg_cancel_backend(pid: Integer) -> Bool;
}

/// The thread that looks after searches; it ends with this value.
pub(crate) struct Canceller {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    closed: bool,
    /// The server processes that search, with their callers.
    searches: BTreeMap<i32, Weak<()>>,
}

/// A search that is looked after until [`Watched::end`].
pub(crate) struct Watched<'a> {
    shared: &'a Shared,
    process: i32,
}

impl Canceller {
    /// Starts the thread.
    pub(crate) fn start(database: &Database) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let (of_thread, database) = (Arc::clone(&shared), database.clone());
        let thread = thread::Builder::new()
            .name("store-cancel".to_owned())
            .spawn(move || of_thread.run(&database))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Looks after what a server process begins now.
    pub(crate) fn watch(&self, process: i32, caller: Weak<()>) -> Watched<'_> {
        let mut state = self.shared.state();
        if state.searches.is_empty() {
            self.shared.changed.notify_all();
        }
        state.searches.insert(process, caller);
        drop(state);
        Watched {
            shared: &self.shared,
            process,
        }
    }
}

impl Drop for Canceller {
    fn drop(&mut self) {
        self.shared.state().closed = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Watched<'_> {
    /// Whether the server was told to end it. From here on it will not be told.
    pub(crate) fn end(self) -> bool {
        self.shared.state().searches.remove(&self.process).is_none()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, database: &Database) {
        let mut connection = None;
        while let Some(state) = self.wait() {
            let gone = state.gone();
            drop(state);
            if gone.is_empty() {
                continue;
            }
            if connection.is_none() {
                connection = database.connect(Use::Read).ok();
            }
            // With the state locked, so that none of them ends and begins something else.
            let mut state = self.state();
            for process in state.gone() {
                state.searches.remove(&process);
                if cancel(connection.as_mut(), process).is_err() {
                    connection = None;
                    tracing::warn!("a search that nobody waits for was not ended early");
                }
            }
        }
    }

    /// Waits for the next look; `None` when there is none.
    fn wait(&self) -> Option<MutexGuard<'_, State>> {
        let state = self.state();
        let idle = |state: &mut State| state.searches.is_empty() && !state.closed;
        let waited = self.changed.wait_while(state, idle);
        let state = waited.unwrap_or_else(PoisonError::into_inner);
        let open = |state: &mut State| !state.closed;
        let waited = self.changed.wait_timeout_while(state, LOOK_INTERVAL, open);
        let state = waited.unwrap_or_else(PoisonError::into_inner).0;
        (!state.closed).then_some(state)
    }
}

impl State {
    /// The processes whose callers have gone.
    fn gone(&self) -> Vec<i32> {
        let gone = self
            .searches
            .iter()
            .filter(|(_, caller)| caller.strong_count() == 0);
        gone.map(|(process, _)| *process).collect()
    }
}

fn cancel(connection: Option<&mut Conn>, process: i32) -> QueryResult<()> {
    match connection {
        Some(Conn::Postgres(conn)) => {
            select(pg_cancel_backend(process)).get_result::<bool>(conn)?;
            Ok(())
        }
        _ => Err(diesel::result::Error::NotFound),
    }
}
