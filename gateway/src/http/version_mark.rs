//! The version that an answer is about, as its headers name it.

use model::{Timestamp, VersionNumber};
use serde::{Deserialize, Serialize};

/// The version that an answer is about.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct VersionMark {
    /// Its number, which makes the ETag.
    pub number: VersionNumber,
    /// Its time, which makes Last-Modified.
    pub time: Timestamp,
}

impl VersionMark {
    /// The weak ETag of the version (<https://hl7.org/fhir/R4/http.html#versioning>).
    #[must_use]
    pub fn etag(self) -> String {
        format!("W/\"{}\"", self.number)
    }
}
