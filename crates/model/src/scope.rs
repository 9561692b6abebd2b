//! What a data key is for: docs/storage-format.md, scopes.

use crate::{Invalid, Tag};

/// The scope of a data key; there is one key for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// One patient's records (kind 1, the patient's tag).
    Patient(Tag),
    /// Records that name no patient (kind 2).
    Facility,
    /// Audit records (kind 3).
    Audit,
    /// The root of search tokens of one index epoch (kind 4).
    IndexRoot(u32),
    /// One record that names several patients (kind 5, the record's tag).
    Record(Tag),
    /// One export job (kind 6, its random id).
    ExportJob(Tag),
    /// The root of tags (kind 7); never rotates.
    IdRoot,
    /// Query texts of one month (kind 8).
    QueryText {
        /// Four-digit year.
        year: i32,
        /// Month, 1 to 12.
        month: u8,
    },
}

impl Scope {
    /// The scope kind as it stands in rows and in the AAD of a wrapped key.
    #[must_use]
    pub const fn kind(self) -> u8 {
        match self {
            Self::Patient(_) => 1,
            Self::Facility => 2,
            Self::Audit => 3,
            Self::IndexRoot(_) => 4,
            Self::Record(_) => 5,
            Self::ExportJob(_) => 6,
            Self::IdRoot => 7,
            Self::QueryText { .. } => 8,
        }
    }

    /// The scope tag as it stands in rows and in the AAD of a wrapped key:
    /// numbers as 16-byte big-endian integers, zeros where there is no subject.
    #[must_use]
    pub fn tag(self) -> Tag {
        match self {
            Self::Patient(tag) | Self::Record(tag) | Self::ExportJob(tag) => tag,
            Self::Facility | Self::Audit | Self::IdRoot => Tag::ZERO,
            Self::IndexRoot(epoch) => number_tag(u128::from(epoch)),
            Self::QueryText { year, month } => {
                let months = i64::from(year) * 12 + i64::from(month) - 1;
                number_tag(u128::try_from(months).unwrap_or(0))
            }
        }
    }

    /// The scope of a row.
    ///
    /// # Errors
    /// When the kind is unknown or the tag does not belong to it.
    pub fn from_parts(kind: u8, tag: Tag) -> Result<Self, Invalid> {
        let number = u128::from_be_bytes(*tag.as_bytes());
        let scope = match kind {
            1 => Some(Self::Patient(tag)),
            2 => Some(Self::Facility),
            3 => Some(Self::Audit),
            4 => u32::try_from(number).ok().map(Self::IndexRoot),
            5 => Some(Self::Record(tag)),
            6 => Some(Self::ExportJob(tag)),
            7 => Some(Self::IdRoot),
            8 => month_of(number),
            _ => None,
        };
        scope.filter(|scope| scope.tag() == tag).ok_or(Invalid {
            what: "scope",
            rule: "a known kind with a tag of its form",
        })
    }
}

fn month_of(number: u128) -> Option<Scope> {
    let month = u8::try_from(number % 12 + 1).ok()?;
    Some(Scope::QueryText {
        year: i32::try_from(number / 12).ok()?,
        month,
    })
}

const fn number_tag(number: u128) -> Tag {
    Tag::new(number.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_round_trip_through_their_row() {
        let tag = Tag::new([7; 16]);
        for scope in [
            Scope::Patient(tag),
            Scope::Facility,
            Scope::Audit,
            Scope::IndexRoot(3),
            Scope::Record(tag),
            Scope::ExportJob(tag),
            Scope::IdRoot,
            Scope::QueryText {
                year: 2026,
                month: 12,
            },
        ] {
            assert_eq!(Scope::from_parts(scope.kind(), scope.tag()), Ok(scope));
        }
    }

    #[test]
    fn a_month_is_year_times_twelve_plus_month_less_one() {
        let tag = Scope::QueryText {
            year: 2026,
            month: 11,
        }
        .tag();
        assert_eq!(u128::from_be_bytes(*tag.as_bytes()), 2026 * 12 + 10);
    }

    #[test]
    fn a_tag_of_another_form_is_refused() {
        assert!(Scope::from_parts(2, Tag::new([1; 16])).is_err());
        assert!(Scope::from_parts(9, Tag::ZERO).is_err());
    }
}
