//! SQLite's statistics, by which it chooses indexes where a statement leaves it a choice
//! (<https://sqlite.org/lang_analyze.html>). Kept a table at a time, while the writer
//! rests: a writer that comes meanwhile waits. PostgreSQL's autovacuum keeps its own.

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection,
    sql_query, sql_types::Text,
};
use std::time::{Duration, Instant};

/// After the database was opened.
const FIRST: Duration = Duration::from_secs(1);
/// From then on.
const LOOK_INTERVAL: Duration = Duration::from_mins(10);
/// Rows of an index that are looked at.
const ROWS: u32 = 400;

/// The tables that are still to be looked at, and when all are again.
pub(crate) struct Statistics {
    due: Instant,
    left: Vec<Named>,
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

impl Statistics {
    pub(crate) fn new() -> Self {
        Self {
            due: Instant::now() + FIRST,
            left: Vec::new(),
        }
    }

    /// Whether there is something to do; a writer that never rests is not waited for
    /// longer than until the next time.
    pub(crate) fn is_due(&self, resting: bool) -> bool {
        let patience = if resting {
            Duration::ZERO
        } else {
            LOOK_INTERVAL
        };
        !self.left.is_empty() || self.due.elapsed() > patience
    }

    /// Looks at one table.
    pub(crate) fn keep(&mut self, conn: &mut SqliteConnection) -> QueryResult<()> {
        if self.left.is_empty() {
            self.due = Instant::now() + LOOK_INTERVAL;
            let names = "SELECT name FROM sqlite_master WHERE type = 'table' \
                         AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
            self.left = sql_query(names).load(conn)?;
        }
        match self.left.pop() {
            Some(Named { name }) => conn.batch_execute(&format!(
                "PRAGMA analysis_limit = {ROWS}; ANALYZE \"{name}\""
            )),
            None => Ok(()),
        }
    }
}
