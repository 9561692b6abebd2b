//! Finding current versions by links and tokens, one page at a time, ordered by
//! record tag. What a page holds was current when it was read; a record that is
//! written between two pages is found once, where its tag stands.

use crate::{
    Access, Error, FacilityId, Versions,
    database::{Conn, MultiBackend},
    versions::{self, ID_PARAM, Row, Version},
};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Integer, Nullable, Text},
};
use model::{ResourceType, Tag, Token};

/// One condition on a record; it holds when any of its values does. With no
/// values it never holds.
#[derive(Debug, Clone, Copy)]
pub enum Criterion<'a> {
    /// The record refers by `param` to one of the targets.
    Links {
        /// Search parameter.
        param: &'a str,
        /// Records referred to.
        targets: &'a [Tag],
    },
    /// The record has one of the tokens. A token holds type and parameter already.
    Tokens(&'a [Token]),
}

impl<A: Access> Versions<'_, A> {
    /// The current versions of the records of a type that meet all criteria, ordered
    /// by record tag, those after `after`, at most `limit`. The first criterion is
    /// looked up and the others checked: put the one that fewest records meet first.
    pub fn search(
        &mut self,
        facility: FacilityId,
        resource_type: &ResourceType,
        criteria: &[Criterion<'_>],
        after: Option<Tag>,
        limit: u32,
    ) -> Result<Vec<Version>, Error> {
        if criteria.iter().any(|criterion| criterion.len() == 0) {
            return Ok(Vec::new());
        }
        let statement = Statement {
            facility: facility.0,
            resource_type: resource_type.as_str(),
            criteria,
            // Before the first there is nothing shorter than a tag.
            after: after.as_ref().map_or(&[], |tag| tag.as_bytes().as_slice()),
            limit: i64::from(limit),
        };
        let rows: Vec<Row> = self.access.query(|conn| statement.load(conn))?;
        rows.into_iter().map(versions::read).collect()
    }

    /// [`Self::search`] by one link parameter; with no targets given, every record
    /// of the type.
    pub fn search_links(
        &mut self,
        facility: FacilityId,
        resource_type: &ResourceType,
        param: &str,
        targets: Option<&[Tag]>,
        after: Option<Tag>,
        limit: u32,
    ) -> Result<Vec<Version>, Error> {
        match targets {
            None => self.search(facility, resource_type, &[], after, limit),
            Some(targets) => {
                let criterion = Criterion::Links { param, targets };
                self.search(facility, resource_type, &[criterion], after, limit)
            }
        }
    }

    /// [`Self::search`] by tokens, any of which is enough.
    pub fn search_token(
        &mut self,
        facility: FacilityId,
        resource_type: &ResourceType,
        tokens: &[Token],
        after: Option<Tag>,
        limit: u32,
    ) -> Result<Vec<Version>, Error> {
        self.search(
            facility,
            resource_type,
            &[Criterion::Tokens(tokens)],
            after,
            limit,
        )
    }
}

impl Criterion<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Links { targets, .. } => targets.len(),
            Self::Tokens(tokens) => tokens.len(),
        }
    }

    fn is_plain(&self) -> bool {
        self.len() == 1
    }
}

/// The page: first the narrow rows of the first criterion, checked against the
/// others and cut to the page, then the versions they name. Spelt as SQL so that
/// both databases take the index in its order, and no row of the version table is
/// touched that is not on the page.
struct Statement<'a> {
    facility: i32,
    resource_type: &'a str,
    criteria: &'a [Criterion<'a>],
    after: &'a [u8],
    limit: i64,
}

type Pass<'a, 'b> = AstPass<'a, 'b, MultiBackend>;

impl Statement<'_> {
    /// `table.column IN (values)`, or `=` for one value: an index then gives its
    /// rows in the order of the page.
    fn any<'b>(
        out: &mut Pass<'_, 'b>,
        column: &str,
        values: impl Iterator<Item = &'b [u8]>,
        plain: bool,
    ) -> QueryResult<()> {
        out.push_sql(column);
        out.push_sql(if plain { " = " } else { " IN (" });
        for (place, value) in values.enumerate() {
            if place > 0 {
                out.push_sql(", ");
            }
            out.push_bind_param::<Binary, _>(value)?;
        }
        if !plain {
            out.push_sql(")");
        }
        Ok(())
    }

    /// The rows of one criterion; `alias` is `d` for the one that leads and `e` for
    /// those that are checked.
    fn rows<'b>(
        &'b self,
        out: &mut Pass<'_, 'b>,
        alias: &str,
        criterion: &'b Criterion<'b>,
    ) -> QueryResult<()> {
        let (table, column) = match criterion {
            Criterion::Links { .. } => ("link ", ".target_tag"),
            Criterion::Tokens(_) => ("token ", ".token"),
        };
        for part in [table, alias, " WHERE ", alias, ".facility_id = "] {
            out.push_sql(part);
        }
        out.push_bind_param::<Integer, _>(&self.facility)?;
        if let Criterion::Links { param, .. } = criterion {
            for part in [" AND ", alias, ".resource_type = "] {
                out.push_sql(part);
            }
            out.push_bind_param::<Text, _>(self.resource_type)?;
            for part in [" AND ", alias, ".param = "] {
                out.push_sql(part);
            }
            out.push_bind_param::<Text, _>(*param)?;
        }
        out.push_sql(" AND ");
        let column = format!("{alias}{column}");
        match criterion {
            Criterion::Links { targets, .. } => {
                let values = targets.iter().map(|tag| tag.as_bytes().as_slice());
                Self::any(out, &column, values, criterion.is_plain())
            }
            Criterion::Tokens(tokens) => {
                let values = tokens.iter().map(|token| token.as_bytes().as_slice());
                Self::any(out, &column, values, criterion.is_plain())
            }
        }
    }

    /// Every record of the type: a record's `_id` link targets itself, so the order
    /// of targets is the order of records.
    fn whole_type<'b>(&'b self, out: &mut Pass<'_, 'b>) -> QueryResult<()> {
        out.push_sql("SELECT d.record_tag, d.version FROM link d WHERE d.facility_id = ");
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(" AND d.resource_type = ");
        out.push_bind_param::<Text, _>(self.resource_type)?;
        out.push_sql(" AND d.param = ");
        out.push_bind_param::<Text, _>(ID_PARAM)?;
        out.push_sql(" AND d.target_tag > ");
        out.push_bind_param::<Binary, _>(self.after)?;
        out.push_sql(" ORDER BY d.target_tag LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }

    fn narrow<'b>(&'b self, out: &mut Pass<'_, 'b>) -> QueryResult<()> {
        let Some((first, others)) = self.criteria.split_first() else {
            return self.whole_type(out);
        };
        out.push_sql(if first.is_plain() {
            "SELECT "
        } else {
            "SELECT DISTINCT "
        });
        out.push_sql("d.record_tag, d.version FROM ");
        self.rows(out, "d", first)?;
        for other in others {
            out.push_sql(" AND EXISTS (SELECT 1 FROM ");
            self.rows(out, "e", other)?;
            out.push_sql(" AND e.record_tag = d.record_tag AND e.version = d.version)");
        }
        out.push_sql(" AND d.record_tag > ");
        out.push_bind_param::<Binary, _>(self.after)?;
        out.push_sql(" ORDER BY d.record_tag LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl QueryFragment<MultiBackend> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: Pass<'_, 'b>) -> QueryResult<()> {
        if !self.criteria.iter().all(Criterion::is_plain) {
            out.unsafe_to_cache_prepared();
        }
        out.push_sql(
            "SELECT v.resource_type, v.record_tag, v.version, v.interaction, v.policy_number, \
             v.time_ms, v.subject_tag, v.padded_size, v.data_key_id, v.envelope FROM (",
        );
        self.narrow(&mut out)?;
        out.push_sql(") n JOIN version v ON v.facility_id = ");
        out.push_bind_param::<Integer, _>(&self.facility)?;
        out.push_sql(
            " AND v.record_tag = n.record_tag AND v.version = n.version ORDER BY v.record_tag",
        );
        Ok(())
    }
}

impl QueryId for Statement<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// The columns in the order of [`Row`].
type Columns = (
    Text,
    Binary,
    BigInt,
    Text,
    BigInt,
    BigInt,
    Nullable<Binary>,
    Integer,
    Binary,
    Binary,
);

impl Query for Statement<'_> {
    type SqlType = Columns;
}

impl RunQueryDsl<Conn> for Statement<'_> {}
