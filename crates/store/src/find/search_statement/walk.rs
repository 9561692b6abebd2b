//! A walk along one index: the rows, called `d`, whose leading columns have these
//! values, from a bound on, in the order of the columns that follow.

use super::bind::{Bind, Pass, push_equal, push_tuple};
use crate::{backend::Backend, engine::watch::STILL_WANTED};
use diesel::QueryResult;

pub(crate) struct Walk<'a> {
    pub(crate) backend: Backend,
    /// The table and, for SQLite, its index.
    pub(crate) table: &'static str,
    pub(crate) index: &'static str,
    pub(crate) leading: &'static [&'static str],
    pub(crate) values: Vec<Bind<'a>>,
    pub(crate) following: &'static [&'static str],
    /// Strict bounds on the columns that follow.
    pub(crate) after: Vec<Bind<'a>>,
    pub(crate) before: Option<Vec<Bind<'a>>>,
    pub(crate) descending: bool,
}

impl<'a> Walk<'a> {
    /// `SELECT .. FROM .. WHERE ..`
    pub(crate) fn push_rows(&self, out: &mut Pass<'_, 'a>) -> QueryResult<()> {
        let time = if self.index == "link_time" {
            ", d.time_ms"
        } else {
            ""
        };
        for part in [
            "SELECT d.record_tag, d.version",
            time,
            " FROM ",
            self.table,
            " d",
        ] {
            out.push_sql(part);
        }
        if self.backend == Backend::Sqlite {
            for part in [" INDEXED BY ", self.index] {
                out.push_sql(part);
            }
        }
        out.push_sql(" WHERE ");
        push_equal(out, self.leading, self.values.iter().copied())?;
        out.push_sql(" AND ");
        push_tuple(out, self.following, ">", self.after.iter().copied())?;
        if let Some(before) = &self.before {
            out.push_sql(" AND ");
            push_tuple(out, self.following, "<", before.iter().copied())?;
        }
        if self.backend == Backend::Sqlite {
            out.push_sql(STILL_WANTED);
        }
        Ok(())
    }

    /// `ORDER BY ..`
    pub(crate) fn push_order(&self, out: &mut Pass<'_, 'a>) {
        let direction = if self.descending { " DESC" } else { "" };
        for (place, column) in self.following.iter().enumerate() {
            let comma = if place > 0 { ", " } else { " ORDER BY " };
            for part in [comma, column, direction] {
                out.push_sql(part);
            }
        }
    }
}
