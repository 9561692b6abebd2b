//! Lists of operations, random and kept.

pub(super) mod crash;
pub(super) mod history;
pub(super) mod kept;
pub(super) mod list;
pub(super) mod one_fault;
pub(super) mod random;
