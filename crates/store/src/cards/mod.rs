//! Index cards of current versions, and the patient heads that add them up.

mod around;
pub(crate) mod heads;
#[cfg(test)]
mod plan_tests;
pub(crate) mod put;
pub(crate) mod read;
pub(crate) mod rows;
pub(crate) mod statement;
pub(crate) mod swept;
pub(crate) mod view;
pub(crate) mod write;
