//! Rows that somebody changed.

pub(super) mod adopting;
pub(super) mod forged;
pub(super) mod key_rows;
pub(super) mod left_out;
pub(super) mod registry_rows;
pub(super) mod rows;
