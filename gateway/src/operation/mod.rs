//! Operations (<https://hl7.org/fhir/R4/operations.html>), one file each.

pub mod everything;
pub mod proof;
pub mod validate;
