//! Values and comparisons, pushed onto a statement.

use crate::engine::database::MultiBackend;
use diesel::{
    QueryResult,
    query_builder::AstPass,
    sql_types::{BigInt, Binary, Integer, Text},
};

pub(crate) type Pass<'a, 'b> = AstPass<'a, 'b, MultiBackend>;

/// A value of a column.
#[derive(Clone, Copy)]
pub(crate) enum Bind<'a> {
    Integer(&'a i32),
    BigInt(&'a i64),
    Text(&'a str),
    Binary(&'a [u8]),
}

impl<'a> Bind<'a> {
    pub(crate) fn push(self, out: &mut Pass<'_, 'a>) -> QueryResult<()> {
        match self {
            Self::Integer(value) => out.push_bind_param::<Integer, _>(value),
            Self::BigInt(value) => out.push_bind_param::<BigInt, _>(value),
            Self::Text(value) => out.push_bind_param::<Text, _>(value),
            Self::Binary(value) => out.push_bind_param::<Binary, _>(value),
        }
    }
}

/// `value, value, ..`
pub(crate) fn push_list<'a>(
    out: &mut Pass<'_, 'a>,
    values: impl IntoIterator<Item = Bind<'a>>,
) -> QueryResult<()> {
    for (place, value) in values.into_iter().enumerate() {
        if place > 0 {
            out.push_sql(", ");
        }
        value.push(out)?;
    }
    Ok(())
}

/// `column = value AND column = value ..`
pub(crate) fn push_equal<'a>(
    out: &mut Pass<'_, 'a>,
    columns: &[&str],
    values: impl IntoIterator<Item = Bind<'a>>,
) -> QueryResult<()> {
    for (place, (column, value)) in columns.iter().zip(values).enumerate() {
        for part in [if place > 0 { " AND " } else { "" }, column, " = "] {
            out.push_sql(part);
        }
        value.push(out)?;
    }
    Ok(())
}

/// `(column, ..) sign (value, ..)`
pub(crate) fn push_tuple<'a>(
    out: &mut Pass<'_, 'a>,
    columns: &[&str],
    sign: &str,
    values: impl IntoIterator<Item = Bind<'a>>,
) -> QueryResult<()> {
    for part in ["(", &columns.join(", "), ") ", sign, " ("] {
        out.push_sql(part);
    }
    push_list(out, values)?;
    out.push_sql(")");
    Ok(())
}
