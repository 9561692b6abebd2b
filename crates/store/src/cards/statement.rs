//! Statements whose values are numbered, for either database.

/// Names an index to SQLite, which has no statistics and would walk through the cards of all
/// patients.
const HINT: &str = " INDEXED BY ";

/// The text for PostgreSQL, which takes no hints.
pub(crate) fn numbered(text: &str) -> String {
    let mut parts = text.split(HINT);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '_'));
    }
    plain.replace('?', "$")
}

/// Runs a statement with its values, by number.
macro_rules! run {
    ($conn:expr, $text:expr, $run:ident, $($kind:ty: $value:expr),+) => {
        match $conn {
            $crate::engine::database::Conn::Sqlite(conn) => {
                diesel::sql_query($text)$(.bind::<$kind, _>($value))+.$run(conn)
            }
            $crate::engine::database::Conn::Postgres(conn) => {
                let text = $crate::cards::statement::numbered($text);
                diesel::sql_query(text)$(.bind::<$kind, _>($value))+.$run(conn)
            }
        }
    };
}
pub(crate) use run;
