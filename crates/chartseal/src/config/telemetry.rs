//! The section `[telemetry]`: how much the services say.

use serde::Deserialize;

/// What goes to the log.
#[derive(Debug, Default, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "the table `[telemetry]`"
)]
pub struct TelemetrySection {
    /// The least important lines that are written.
    pub level: Level,
}

/// How important a line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Something is broken.
    Error,
    /// Something is amiss.
    Warn,
    /// Each request, and what else a service does.
    #[default]
    Info,
    /// For finding faults.
    Debug,
}

impl Level {
    /// As the log's filter spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}
