//! Rows that are not what was stored. Such a row is refused by itself: counted, and
//! named to the operator by its place, never by its content.

pub use crate::facility::damage_counts::Damage;
use crate::{
    facility::Facility,
    failure::{Category, Failure},
};
use fhir::IssueCode;
use model::{DataKeyId, ResourceType, Tag, VersionNumber};

/// The place of a row, by what stands there in clear.
#[derive(Debug, Clone, Copy)]
pub struct RowPlace<'a> {
    /// Its type.
    pub resource_type: &'a ResourceType,
    /// Its record.
    pub record: Tag,
    /// Its version, if known.
    pub version: Option<VersionNumber>,
    /// The key that should open it.
    pub data_key: Option<DataKeyId>,
}

impl<'a> RowPlace<'a> {
    /// The place of a version.
    #[must_use]
    pub const fn of(row: &'a store::Version) -> Self {
        Self {
            resource_type: &row.resource_type,
            record: row.record,
            version: Some(row.number),
            data_key: Some(row.data_key),
        }
    }

    /// The place of a record of which no row is in hand.
    #[must_use]
    pub const fn of_record(resource_type: &'a ResourceType, record: Tag) -> Self {
        Self {
            resource_type,
            record,
            version: None,
            data_key: None,
        }
    }
}

impl Facility {
    /// Counts a damaged row and names it to the operator.
    pub fn report_row(&self, damage: Damage, row: RowPlace<'_>, cause: &str) {
        self.damages.add(damage);
        tracing::error!(
            facility = %self.name,
            damage = damage.as_str(),
            resource_type = %row.resource_type,
            record = %row.record,
            version = row.version.map(VersionNumber::get),
            data_key = row.data_key.map(tracing::field::display),
            cause,
            "a stored row was refused; compare it with a backup"
        );
    }

    /// Turns the fault that a row led to into its refusal. What another time may cure
    /// stays as it is.
    pub fn refuse_row(&self, damage: Damage, row: RowPlace<'_>, failure: Failure) -> Failure {
        if failure.category != Category::Fault {
            return failure;
        }
        let cause = failure.cause.unwrap_or(failure.text);
        self.report_row(damage, row, &cause);
        damaged().because(cause)
    }

    /// The failure of a read of a record's rows.
    pub fn refuse_read(
        &self,
        resource_type: &ResourceType,
        record: Tag,
        error: store::Error,
    ) -> Failure {
        let mut row = RowPlace::of_record(resource_type, record);
        let damage = match &error {
            store::Error::Missing(missing) => {
                row.version = Some(missing.number);
                Damage::Missing
            }
            _ => Damage::Unreadable,
        };
        self.refuse_row(damage, row, error.into())
    }
}

/// Holds the padded size in a row against its envelope: it is the one fact in clear that
/// the envelope shows itself, so it is not sealed beside it.
///
/// # Errors
/// When they differ.
pub fn check_padded_size(in_row: u32, envelope: &[u8]) -> Result<(), Failure> {
    if sealing::padded_size(envelope) == Some(in_row) {
        Ok(())
    } else {
        Err(Failure::fault(
            "the padded size of a row is not that of its envelope",
        ))
    }
}

fn damaged() -> Failure {
    Failure::new(
        Category::Damaged,
        IssueCode::Exception,
        "the stored record is damaged and was refused; the operator finds its place in the log \
         of the service",
    )
}
