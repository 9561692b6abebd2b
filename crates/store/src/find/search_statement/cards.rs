//! The index cards of the records that a search finds, in its order.

use super::{
    Narrow,
    bind::{Bind, Pass, push_equal},
};
use crate::{
    backend::Backend,
    engine::database::{Conn, MultiBackend},
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Nullable},
};

/// Index epoch, time, subject, data key and bytes of a card.
type Columns = (BigInt, BigInt, Nullable<Binary>, Binary, Binary);
pub(crate) type CardRow = (i64, i64, Option<Vec<u8>>, Vec<u8>, Vec<u8>);

/// Record, version number and time of a narrow row, and the card of that version.
pub(crate) type CardLine = (Vec<u8>, i64, Option<i64>, Option<CardRow>);

/// The cards of the versions that the narrow rows name, in their order; none where there is
/// no card of the type and version.
pub(crate) struct FoundCards<'a>(pub(crate) Narrow<'a>);

impl QueryFragment<MultiBackend> for FoundCards<'_> {
    fn walk_ast<'b>(&'b self, mut out: Pass<'_, 'b>) -> QueryResult<()> {
        let narrow = &self.0;
        for part in [
            "SELECT n.record_tag, n.version, ",
            narrow.sequence.time_of_cards(),
            ", c.index_epoch, c.time_ms, c.subject_tag, c.data_key_id, c.sealed FROM (",
        ] {
            out.push_sql(part);
        }
        narrow.push(&mut out)?;
        out.push_sql(match narrow.place.backend {
            Backend::Sqlite => ") n LEFT JOIN card c ON ",
            Backend::Postgres => ") n LEFT JOIN LATERAL (SELECT * FROM card c WHERE ",
        });
        let columns = ["c.facility_id", "c.resource_type"];
        let values = [
            Bind::Integer(&narrow.place.facility.0),
            Bind::Text(narrow.place.resource_type.as_str()),
        ];
        push_equal(&mut out, &columns, values)?;
        out.push_sql(" AND c.record_tag = n.record_tag AND c.version = n.version");
        out.push_sql(match narrow.place.backend {
            Backend::Sqlite => " ORDER BY ",
            Backend::Postgres => " LIMIT 1) c ON true ORDER BY ",
        });
        out.push_sql(narrow.sequence.of_versions());
        Ok(())
    }
}

impl QueryId for FoundCards<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for FoundCards<'_> {
    type SqlType = (Binary, BigInt, Nullable<BigInt>, Nullable<Columns>);
}

impl RunQueryDsl<Conn> for FoundCards<'_> {}
