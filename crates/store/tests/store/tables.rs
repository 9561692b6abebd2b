//! Both migration trees make the same tables: the same columns, of the same kinds,
//! with the same keys.

use crate::world::World;
use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query,
    sql_types::{Bool, Text},
};
use std::collections::BTreeSet;
use store::Database;

#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Bool)]
    required: bool,
}

/// A unique key, the primary one included, or an index, by its columns.
#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Index {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Bool)]
    is_unique: bool,
    #[diesel(sql_type = Text)]
    columns: String,
}

const SQLITE_COLUMNS: &str = "
    SELECT m.name AS table_name, c.name AS column_name, lower(c.type) AS kind,
        c.\"notnull\" AS required
    FROM sqlite_master m, pragma_table_info(m.name) c
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite!_%' ESCAPE '!'
        AND m.name <> '__diesel_schema_migrations'";

const POSTGRES_COLUMNS: &str = "
    SELECT table_name::text, column_name::text,
        CASE data_type WHEN 'bytea' THEN 'blob' WHEN 'bigint' THEN 'integer'
            WHEN 'smallint' THEN 'integer' ELSE data_type END AS kind,
        is_nullable = 'NO' AS required
    FROM information_schema.columns WHERE table_schema = current_schema()
        AND table_name NOT IN ('__diesel_schema_migrations', 'lock_bucket')";

/// SQLite has no index for a primary key that is the row's own number.
const SQLITE_INDEXES: &str = "
    SELECT m.name AS table_name, i.\"unique\" AS is_unique,
        (SELECT group_concat(k.name) FROM
            (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno) k) AS columns
    FROM sqlite_master m, pragma_index_list(m.name) i
    WHERE m.type = 'table' AND m.name <> '__diesel_schema_migrations'
    UNION
    SELECT m.name, 1, c.name FROM sqlite_master m, pragma_table_info(m.name) c
    WHERE m.type = 'table' AND c.pk = 1 AND lower(c.type) = 'integer' AND c.name = 'id'";

const POSTGRES_INDEXES: &str = "
    SELECT t.relname::text AS table_name, i.indisunique AS is_unique,
        (SELECT string_agg(a.attname::text, ',' ORDER BY k.place)
            FROM unnest(i.indkey) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.number) AS columns
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = current_schema()
        AND t.relname NOT IN ('__diesel_schema_migrations', 'lock_bucket')";

fn sqlite(world: &World) -> SqliteConnection {
    drop(world.open());
    let Database::Sqlite { path } = &world.database else {
        panic!("a file")
    };
    SqliteConnection::establish(path.to_str().expect("UTF-8")).expect("the file")
}

fn postgres(world: &World) -> PgConnection {
    drop(world.open());
    let Database::Postgres { url } = &world.database else {
        panic!("a server")
    };
    PgConnection::establish(url).expect("the server")
}

#[test]
fn both_trees_make_the_same_columns() {
    let (file, server) = (World::sqlite(), World::postgres());
    let of_file: BTreeSet<Column> = sql_query(SQLITE_COLUMNS)
        .load(&mut sqlite(&file))
        .expect("columns")
        .into_iter()
        .collect();
    let of_server: BTreeSet<Column> = sql_query(POSTGRES_COLUMNS)
        .load(&mut postgres(&server))
        .expect("columns")
        .into_iter()
        .collect();
    assert!(of_file.len() > 80, "{of_file:?}");
    let different: Vec<_> = of_file.symmetric_difference(&of_server).collect();
    assert!(different.is_empty(), "{different:#?}");
}

#[test]
fn both_trees_make_the_same_keys_and_indexes() {
    let (file, server) = (World::sqlite(), World::postgres());
    let of_file: BTreeSet<Index> = sql_query(SQLITE_INDEXES)
        .load(&mut sqlite(&file))
        .expect("indexes")
        .into_iter()
        .collect();
    let of_server: BTreeSet<Index> = sql_query(POSTGRES_INDEXES)
        .load(&mut postgres(&server))
        .expect("indexes")
        .into_iter()
        .collect();
    assert!(of_file.len() > 25, "{of_file:?}");
    let different: Vec<_> = of_file.symmetric_difference(&of_server).collect();
    assert!(different.is_empty(), "{different:#?}");
}
