//! What ails the database, told from its words: diesel passes on the text and not the
//! code. SQLite's texts are those of `sqlite3_errstr`; PostgreSQL's are English where
//! `lc_messages` is, and elsewhere nothing is recognised.

use diesel::{
    ConnectionError,
    result::{DatabaseErrorKind, Error as SqlError},
};

/// Troubles that an operator ends each in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Trouble {
    /// Another program holds the file.
    Locked,
    /// The file, or what SQLite keeps beside it, may only be read.
    ReadOnly,
    /// It, or what SQLite keeps beside it, does not open.
    Unopened,
    /// No room.
    Full,
    /// The system refuses to read or write. A full disk can look like this too, where
    /// SQLite makes the file that its processes share.
    Disk,
    /// The file has not the form of a database.
    NotADatabase,
    /// The file is a database, and what stands in it contradicts itself.
    Damaged,
}

/// The first that a text holds counts.
const WORDS: [(&str, Trouble); 13] = [
    ("database or disk is full", Trouble::Full),
    ("No space left on device", Trouble::Full),
    ("Disk quota exceeded", Trouble::Full),
    ("file is not a database", Trouble::NotADatabase),
    ("database disk image is malformed", Trouble::Damaged),
    ("malformed database schema", Trouble::Damaged),
    ("invalid page in block", Trouble::Damaged),
    ("database is locked", Trouble::Locked),
    ("database table is locked", Trouble::Locked),
    ("locking protocol", Trouble::Locked),
    ("readonly database", Trouble::ReadOnly),
    ("unable to open database file", Trouble::Unopened),
    ("disk I/O error", Trouble::Disk),
];

impl Trouble {
    pub(crate) fn said_in(text: &str) -> Option<Self> {
        let said = WORDS.iter().find(|(words, _)| text.contains(words));
        said.map(|(_, trouble)| *trouble)
    }

    pub(crate) fn of(error: &SqlError) -> Option<Self> {
        match error {
            // Other kinds are about rows, and their texts can quote one.
            SqlError::DatabaseError(DatabaseErrorKind::Unknown, about) => {
                Self::said_in(about.message())
            }
            _ => None,
        }
    }

    pub(crate) fn of_connection(error: &ConnectionError) -> Option<Self> {
        match error {
            ConnectionError::BadConnection(text) => Self::said_in(text),
            ConnectionError::CouldntSetupConfiguration(error) => Self::of(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_speaks_of_a_full_disk_is_no_full_disk() {
        let said = |kind| {
            let text = "duplicate key: No space left on device".to_owned();
            Trouble::of(&SqlError::DatabaseError(kind, Box::new(text)))
        };
        assert_eq!(said(DatabaseErrorKind::Unknown), Some(Trouble::Full));
        assert_eq!(said(DatabaseErrorKind::UniqueViolation), None);
    }
}
