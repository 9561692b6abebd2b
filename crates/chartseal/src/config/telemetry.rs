//! The section `[telemetry]`: how much the services say, and where traces go.

use super::Fault;
use serde::Deserialize;
use url::Url;

/// What goes to the log, and what to a collector of traces.
#[derive(Debug, Deserialize)]
#[serde(
    rename_all = "camelCase",
    deny_unknown_fields,
    default,
    expecting = "the table `[telemetry]`"
)]
pub struct TelemetrySection {
    /// The least important lines that are written.
    pub level: Level,
    otlp_endpoint: Option<String>,
    /// The share of traces that is sent, from 0 to 1.
    pub trace_ratio: f64,
}

impl Default for TelemetrySection {
    fn default() -> Self {
        Self {
            level: Level::default(),
            otlp_endpoint: None,
            trace_ratio: 1.0,
        }
    }
}

impl TelemetrySection {
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self
            .otlp_endpoint
            .as_deref()
            .is_some_and(|url| !is_base(url))
        {
            let problem = "must be the http or https URL of an OpenTelemetry collector, without \
                           user, query and fragment, such as `http://127.0.0.1:4318`";
            return Err(("telemetry.otlpEndpoint", problem.to_owned()));
        }
        if !(0.0..=1.0).contains(&self.trace_ratio) {
            let problem = "must be from 0 (no trace) to 1 (all)".to_owned();
            return Err(("telemetry.traceRatio", problem));
        }
        Ok(())
    }

    /// Where traces go, when they go anywhere.
    pub fn traces_url(&self) -> Option<String> {
        let base = self.otlp_endpoint.as_deref()?.trim_end_matches('/');
        Some(format!("{base}/v1/traces"))
    }
}

fn is_base(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        let bare = url.query().is_none() && url.fragment().is_none();
        let nobody = url.username().is_empty() && url.password().is_none();
        ["http", "https"].contains(&url.scheme()) && bare && nobody
    })
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
