//! The numbers that stand for facilities, logs and ledger transactions in rows.

/// Stands for a facility in every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FacilityId(pub(crate) i32);

/// Stands for a log in every row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogRowId(pub(crate) i32);

/// Stands for a ledger transaction in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostId(pub(crate) i64);
