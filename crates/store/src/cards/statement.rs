//! Statements whose values are numbered, for either database.

/// The text for PostgreSQL.
pub(crate) fn numbered(text: &str) -> String {
    text.replace('?', "$")
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
