//! What happens before a database is used: is it ours, in a format we read, and
//! are its tables up to date.

use crate::{
    OpenError, Options,
    engine::{
        database::{Conn, Database, Use},
        lock_file::{self, LockFile},
        trouble::Trouble,
    },
    error::Fault,
    schema::{facility, meta},
};
use diesel::{
    ConnectionError, ExpressionMethods, OptionalExtension, PgConnection, QueryDsl, QueryResult,
    QueryableByName, RunQueryDsl, connection::SimpleConnection, result::Error as SqlError,
    sql_query, sql_types::Text,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use std::{fs, io::ErrorKind, path::Path};

const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

const PRODUCT: &str = "chartseal";
/// The format that the migrations leave.
const FORMAT: &str = "2";
/// The format of version 0.1.
const FORMAT_OF_0_1: &str = "1";
/// The formats that the migrations begin with.
const READ_FORMATS: [&str; 2] = [FORMAT_OF_0_1, FORMAT];

/// The name under which processes that start together wait for each other's
/// migrations; any number will do.
const MIGRATION_LOCK: &str = "4850184350181187393";

/// Takes what must be held while the database is open, and brings its tables up
/// to date, as far as the options allow.
pub(crate) fn prepare(
    database: &Database,
    options: Options,
) -> Result<Option<LockFile>, OpenError> {
    let opening = Opening { database, options };
    match database {
        Database::Sqlite { path } => {
            if !options.may_make && is_absent(path) {
                return Err(opening.absent());
            }
            let lock = LockFile::take(path)?;
            lock_file::open_private(path)?;
            let connected = database.connect(Use::Write);
            let mut conn = connected.map_err(|error| unopened(&error, path))?;
            opening.migrate(&mut conn)?;
            Ok(Some(lock))
        }
        Database::Postgres { url } => {
            if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
                return Err(OpenError::Url);
            }
            let connected = database.connect(Use::Write);
            let mut conn = connected.map_err(|error| unconnected(&error))?;
            // Ends with the connection, also when the process dies.
            conn.batch_execute(&format!(
                "SET lock_timeout = 0; SET statement_timeout = 0;
                 SELECT pg_advisory_lock({MIGRATION_LOCK})"
            ))
            .map_err(|_| OpenError::Unreachable)?;
            require_encoding(&mut conn)?;
            opening.migrate(&mut conn)?;
            Ok(None)
        }
    }
}

/// The encodings of a server that take every text: the second looks at none.
const ENCODINGS: [&str; 2] = ["UTF8", "SQL_ASCII"];

/// Refuses a database that would refuse a text later, when it had been acknowledged.
fn require_encoding(conn: &mut Conn) -> Result<(), OpenError> {
    let Conn::Postgres(conn) = conn else {
        return Ok(());
    };
    let encoding = sql_query("SELECT current_setting('server_encoding') AS name");
    let encoding: Named = encoding
        .get_result(conn)
        .map_err(|_| OpenError::Unreachable)?;
    if ENCODINGS.contains(&encoding.name.as_str()) {
        Ok(())
    } else {
        Err(OpenError::Encoding(encoding.name))
    }
}

/// What a server says that will be ready soon, or has no room for one more.
const READY_SOON_TEXTS: [&str; 5] = [
    "starting up",
    "shutting down",
    "recovery",
    "too many",
    "remaining connection slots",
];

/// A server that refuses us says so with `FATAL` and why, and asking again helps nothing.
/// Everything else that libpq says is kept back: it can repeat the URL, password included.
pub(crate) fn unconnected(error: &ConnectionError) -> OpenError {
    let ConnectionError::BadConnection(text) = error else {
        return OpenError::Unreachable;
    };
    let said = text.lines().find_map(|line| line.split_once("FATAL:"));
    match said.map(|(_, said)| said.trim()) {
        Some(said) if !READY_SOON_TEXTS.iter().any(|soon| said.contains(soon)) => {
            OpenError::Login(said.to_owned())
        }
        _ => OpenError::Unreachable,
    }
}

/// Whether there is no file, or one with nothing in it.
fn is_absent(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(file) => file.is_file() && file.len() == 0,
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// Why a file did not open, or did not take the settings of a connection.
fn unopened(error: &ConnectionError, path: &Path) -> OpenError {
    let trouble = Trouble::of_connection(error).unwrap_or(Trouble::Unopened);
    told(trouble, path)
}

fn told(trouble: Trouble, path: &Path) -> OpenError {
    let path = path.to_owned();
    match trouble {
        Trouble::Locked => OpenError::Locked(path),
        Trouble::Full => OpenError::Full(path),
        Trouble::Disk => OpenError::Disk(path),
        Trouble::Damaged => OpenError::Damaged(path),
        Trouble::NotADatabase => OpenError::NotADatabase(path),
        Trouble::ReadOnly | Trouble::Unopened => OpenError::File {
            path,
            source: ErrorKind::InvalidInput.into(),
        },
    }
}

/// A database while it is opened.
struct Opening<'a> {
    database: &'a Database,
    options: Options,
}

impl Opening<'_> {
    fn absent(&self) -> OpenError {
        OpenError::Absent(match self.database {
            Database::Sqlite { path } => format!("`{}`", path.display()),
            Database::Postgres { .. } => "the PostgreSQL server, which has no tables there".into(),
        })
    }

    /// What a failed statement says of the database; `otherwise` when it says nothing.
    fn failed(&self, error: &SqlError, otherwise: OpenError) -> OpenError {
        let place = (self.database, Trouble::of(error));
        match place {
            (Database::Sqlite { path }, Some(trouble)) => told(trouble, path),
            _ if Fault::of(error) == Some(Fault::Lost) => OpenError::Unreachable,
            _ => otherwise,
        }
    }

    fn migrate(&self, conn: &mut Conn) -> Result<(), OpenError> {
        let failed = |error| self.failed(&error, OpenError::Migration);
        let tables = tables(conn).map_err(failed)?;
        if is_fresh(conn, &tables).map_err(failed)? {
            if !self.options.may_make {
                return Err(self.absent());
            }
        } else {
            if !tables.iter().any(|name| name == "meta") {
                return Err(OpenError::Foreign);
            }
            let format = self.check(conn, &READ_FORMATS)?;
            // One whose format was written back is told from it: its migrations ran.
            if format == FORMAT_OF_0_1 && !has_sealed_rules(&tables) {
                // What version 0.1 made has a facility. Without, it is a first start that was
                // cut off between two migrations, and whoever may make one goes on.
                let cut_off = !holds_facility(conn).map_err(failed)?;
                if cut_off && !self.options.may_make {
                    return Err(self.absent());
                }
                if !cut_off && !self.options.from_0_1 {
                    return Err(OpenError::OfVersion01);
                }
            }
        }
        match conn {
            Conn::Sqlite(conn) => conn.run_pending_migrations(SQLITE).map(drop),
            Conn::Postgres(conn) => conn.run_pending_migrations(POSTGRES).map(drop),
        }
        .map_err(
            |error| match (self.database, Trouble::said_in(&error.to_string())) {
                (Database::Sqlite { path }, Some(trouble)) => told(trouble, path),
                _ => OpenError::Migration,
            },
        )?;
        self.check(conn, &[FORMAT]).map(drop)
    }

    /// Refuses what is not ours or of none of these formats; gives the format.
    fn check(&self, conn: &mut Conn, formats: &[&str]) -> Result<String, OpenError> {
        let mut value = |name: &str| {
            meta::table
                .filter(meta::name.eq(name))
                .select(meta::value)
                .first::<String>(conn)
                .optional()
                // A table of that name, but not with our columns.
                .map_err(|error| self.failed(&error, OpenError::Foreign))
        };
        match value("product")? {
            Some(product) if product == PRODUCT => {}
            _ => return Err(OpenError::Foreign),
        }
        match value("format")? {
            Some(format) if formats.contains(&format.as_str()) => Ok(format),
            // The migration to the present format ran, so someone has written it back.
            Some(format) if READ_FORMATS.contains(&format.as_str()) => Err(OpenError::Unmarked),
            Some(format) => Err(OpenError::Newer(format)),
            None => Err(OpenError::Unmarked),
        }
    }
}

/// Whether the tables are those of a later version than 0.1.
fn has_sealed_rules(tables: &[String]) -> bool {
    tables.iter().any(|name| name == "policy_set_in_clear")
}

fn holds_facility(conn: &mut Conn) -> QueryResult<bool> {
    let id = facility::table.select(facility::id);
    let any: Option<i32> = id.first(conn).optional()?;
    Ok(any.is_some())
}

/// Whether there is nothing in it, or no more than a first start leaves that was
/// cut off before its first migration.
fn is_fresh(conn: &mut Conn, tables: &[String]) -> QueryResult<bool> {
    if tables.is_empty() {
        return Ok(true);
    }
    if tables != ["__diesel_schema_migrations"] {
        return Ok(false);
    }
    diesel::table! {
        __diesel_schema_migrations (version) { version -> Text }
    }
    let none: i64 = __diesel_schema_migrations::table.count().get_result(conn)?;
    Ok(none == 0)
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
}

fn tables(conn: &mut Conn) -> QueryResult<Vec<String>> {
    let named: Vec<Named> = match conn {
        Conn::Sqlite(conn) => sql_query(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'
             ESCAPE '\\' ORDER BY name",
        )
        .load(conn)?,
        Conn::Postgres(conn) => postgres_tables(conn)?,
    };
    Ok(named.into_iter().map(|named| named.name).collect())
}

fn postgres_tables(conn: &mut PgConnection) -> QueryResult<Vec<Named>> {
    sql_query(
        "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()
         ORDER BY tablename",
    )
    .load(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_login_is_told_from_a_server_that_is_not_there_yet() {
        let of = |text: &str| unconnected(&ConnectionError::BadConnection(text.to_owned()));
        let place = "connection to server at \"127.0.0.1\", port 5432 failed: ";
        let refused = of(&format!(
            "{place}FATAL:  password authentication failed for user \"chartseal\"\n"
        ));
        assert!(matches!(&refused, OpenError::Login(said)
            if said == "password authentication failed for user \"chartseal\""));
        for soon in [
            format!("{place}FATAL:  the database system is starting up"),
            format!("{place}FATAL:  sorry, too many clients already"),
            format!("{place}Connection refused\n\tIs the server running?"),
            "invalid URI query parameter: \"pass:word\"".to_owned(),
        ] {
            assert!(matches!(of(&soon), OpenError::Unreachable), "{soon}");
        }
    }
}
