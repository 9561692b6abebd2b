//! The section `[operations]`: the listener for metrics and health.

use serde::Deserialize;
use std::net::SocketAddr;

/// Plain HTTP without a login; nothing of a record is on it.
#[derive(Debug, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    expecting = "the table `[operations]`"
)]
pub struct OperationsSection {
    /// Where it listens.
    pub listen: SocketAddr,
}
