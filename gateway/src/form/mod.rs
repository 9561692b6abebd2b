//! Forms of bodies and answers beside whole FHIR JSON: a part of a resource, indented, packed
//! by gzip, raw content.

pub(crate) mod gzip;
pub(crate) mod packed;
pub(crate) mod pretty;
pub(crate) mod raw;
pub(crate) mod subset;
