//! The newest version of a record, as preconditions look at it.

use super::Preconditions;
use crate::{
    exchange::Exchange, failure::Failure, http::reply::VersionMark, record::version::is_delete,
};
use model::Timestamp;

/// The newest version, or the only one that a URL can mean.
pub struct Newest {
    /// Its number and time.
    pub mark: VersionMark,
    /// Whether it ended the record.
    pub is_delete: bool,
    /// When the version before it was written, where a precondition asks for times.
    pub before: Option<Timestamp>,
}

impl Newest {
    /// A version that no other takes the place of.
    #[must_use]
    pub const fn only(mark: VersionMark) -> Self {
        Self {
            mark,
            is_delete: false,
            before: None,
        }
    }
}

impl Exchange<'_> {
    /// A version that was found, for these preconditions.
    ///
    /// # Errors
    /// When the version before it is asked for and cannot be read; throttled when the user
    /// has opened too much.
    pub async fn newest(
        &self,
        row: &store::Version,
        preconditions: &Preconditions,
    ) -> Result<Newest, Failure> {
        let earlier = match row.number.previous() {
            Some(number) if preconditions.rest_on_time() => {
                let (kind, record) = (&row.resource_type, row.record);
                self.version_row(kind, record, number).await?
            }
            _ => None,
        };
        if let Some(earlier) = &earlier {
            self.pay_beside(&earlier.envelope).await?;
        }
        Ok(Newest {
            mark: VersionMark {
                number: row.number,
                time: row.time,
            },
            is_delete: is_delete(row),
            before: earlier.map(|row| row.time),
        })
    }
}
