//! The rows of one criterion as SQL.

use super::{
    bind::{Bind, Pass, push_equal, push_list},
    walk::Walk,
};
use crate::{
    FacilityId, backend::Backend, engine::watch::STILL_WANTED, find::criterion::Criterion,
    records::rows::ID_PARAM,
};
use diesel::QueryResult;
use model::ResourceType;

/// From this number of criteria on a statement is prepared each time: there would be too
/// many sorts to keep.
pub(super) const MANY_CRITERIA: usize = 4;
/// Where a search looks.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) backend: Backend,
    pub(crate) facility: FacilityId,
    pub(crate) resource_type: &'a ResourceType,
}

impl<'a> Place<'a> {
    pub(super) fn rows(&'a self, criterion: &'a Criterion<'a>) -> Rows<'a> {
        Rows {
            backend: self.backend,
            facility: &self.facility.0,
            resource_type: self.resource_type.as_str(),
            criterion,
        }
    }
}

/// A criterion on the records of one type in one facility.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) backend: Backend,
    pub(crate) facility: &'a i32,
    pub(crate) resource_type: &'a str,
    pub(crate) criterion: &'a Criterion<'a>,
}

impl<'a> Rows<'a> {
    /// The rows of a criterion with one value that follow a tag, in the order of tags.
    pub(crate) fn after(self, after: &'a [u8]) -> Walk<'a> {
        let (table, index) = self.table();
        Walk {
            backend: self.backend,
            table,
            index,
            leading: match self.criterion {
                Criterion::Links { .. } => &[
                    "d.facility_id",
                    "d.resource_type",
                    "d.param",
                    "d.target_tag",
                ],
                Criterion::Tokens(_) => &["d.facility_id", "d.token"],
            },
            values: self.place().into_iter().chain(self.values()).collect(),
            following: &["d.record_tag"],
            after: vec![Bind::Binary(after)],
            before: None,
            descending: false,
        }
    }

    /// `FROM .. WHERE ..` for all rows of the criterion, called `d`. PostgreSQL is asked
    /// for them in the order of the index by value, and so value by value.
    pub(crate) fn push_all(self, out: &mut Pass<'_, 'a>) -> QueryResult<()> {
        let (table, index) = self.table();
        match self.backend {
            Backend::Sqlite => {
                for part in [" FROM ", table, " d INDEXED BY ", index, " WHERE "] {
                    out.push_sql(part);
                }
                self.push_place(out)?;
                self.push_values(out)?;
                out.push_sql(STILL_WANTED);
            }
            Backend::Postgres if self.criterion.is_plain() => {
                for part in [" FROM ", table, " d WHERE "] {
                    out.push_sql(part);
                }
                self.push_place(out)?;
                self.push_values(out)?;
                out.push_sql(" ORDER BY d.record_tag");
            }
            Backend::Postgres => {
                for (place, value) in self.values().into_iter().enumerate() {
                    out.push_sql(if place > 0 { "), (" } else { " FROM (VALUES (" });
                    value.push(out)?;
                }
                out.push_sql(
                    ")) w (value) CROSS JOIN LATERAL (SELECT d.record_tag, d.version FROM ",
                );
                for part in [table, " d WHERE "] {
                    out.push_sql(part);
                }
                self.push_place(out)?;
                out.push_sql(" = w.value ORDER BY d.record_tag) d WHERE true");
            }
        }
        Ok(())
    }

    /// The columns before the value, and the name of the value's.
    fn push_place(self, out: &mut Pass<'_, 'a>) -> QueryResult<()> {
        let columns: &[_] = match self.criterion {
            Criterion::Links { .. } => &["d.facility_id", "d.resource_type", "d.param"],
            Criterion::Tokens(_) => &["d.facility_id"],
        };
        push_equal(out, columns, self.place())?;
        out.push_sql(match self.criterion {
            Criterion::Links { .. } => " AND d.target_tag",
            Criterion::Tokens(_) => " AND d.token",
        });
        Ok(())
    }

    /// `AND EXISTS (..)`: the record of the row `d` meets the criterion too. One seek,
    /// to the few rows of the record; unary plus hides the index by value from SQLite.
    /// LIMIT on SQLite and OFFSET on PostgreSQL keep the planner from making a join of it.
    /// A record's own id needs no look: it is the target of its `_id` link.
    pub(crate) fn push_check(self, out: &mut Pass<'_, 'a>) -> QueryResult<()> {
        if matches!(self.criterion, Criterion::Links { param, .. } if *param == ID_PARAM) {
            out.push_sql(" AND d.record_tag");
            return self.push_values(out);
        }
        for part in [" AND EXISTS (SELECT 1 FROM ", self.table().0, " e WHERE "] {
            out.push_sql(part);
        }
        push_equal(out, &["e.facility_id"], [Bind::Integer(self.facility)])?;
        out.push_sql(" AND e.record_tag = d.record_tag AND e.version = d.version AND ");
        if let Criterion::Links { param, .. } = self.criterion {
            push_equal(out, &["e.param"], [Bind::Text(param)])?;
            out.push_sql(" AND ");
        }
        out.push_sql(match self.backend {
            Backend::Sqlite => "+",
            Backend::Postgres => "",
        });
        out.push_sql(match self.criterion {
            Criterion::Links { .. } => "e.target_tag",
            Criterion::Tokens(_) => "e.token",
        });
        self.push_values(out)?;
        out.push_sql(match self.backend {
            Backend::Sqlite => " LIMIT 1)",
            Backend::Postgres => " OFFSET 0)",
        });
        Ok(())
    }

    /// The table and its index by value.
    const fn table(self) -> (&'static str, &'static str) {
        match self.criterion {
            Criterion::Links { .. } => ("link", "link_search"),
            Criterion::Tokens(_) => ("token", "token_search"),
        }
    }

    /// What stands before the value in the index.
    fn place(self) -> Vec<Bind<'a>> {
        let facility = Bind::Integer(self.facility);
        match self.criterion {
            Criterion::Links { param, .. } => {
                vec![facility, Bind::Text(self.resource_type), Bind::Text(param)]
            }
            Criterion::Tokens(_) => vec![facility],
        }
    }

    fn values(self) -> Vec<Bind<'a>> {
        match self.criterion {
            Criterion::Links { targets, .. } => targets
                .iter()
                .map(|tag| Bind::Binary(tag.as_bytes()))
                .collect(),
            Criterion::Tokens(tokens) => tokens
                .iter()
                .map(|token| Bind::Binary(token.as_bytes()))
                .collect(),
        }
    }

    /// `= value`, or `IN (value, ..)`.
    fn push_values(self, out: &mut Pass<'_, 'a>) -> QueryResult<()> {
        let plain = self.criterion.is_plain();
        out.push_sql(if plain { " = " } else { " IN (" });
        push_list(out, self.values())?;
        out.push_sql(if plain { "" } else { ")" });
        Ok(())
    }
}
