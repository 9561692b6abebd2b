//! The section `[log]`: who may read the log itself.

use serde::Deserialize;

/// The log holds commitments only, but its growth tells how busy a facility is.
#[derive(Debug, Default, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "the table `[log]`"
)]
pub struct LogSection {
    /// Whether `/log/<facility>/` is open to anyone.
    pub public: bool,
}
