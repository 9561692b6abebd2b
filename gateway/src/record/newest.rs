//! The newest version of a record, for the preconditions of a request.

use crate::{
    exchange::Exchange,
    failure::Failure,
    http::{
        precondition::{Newest, Preconditions},
        reply::VersionMark,
    },
    record::version::is_delete,
};

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
