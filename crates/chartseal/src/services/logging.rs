//! Where the log goes, what becomes a trace, and what a panic may say.

use crate::services::traces::Traces;
use std::{io, panic};
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::Targets, fmt, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

/// Writes the log to a file as JSON lines, for the demo, whose terminal is for
/// people.
///
/// # Errors
/// When the file cannot be opened.
#[cfg(feature = "demo")]
pub fn to_file(path: &std::path::Path) -> Result<(), String> {
    use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt as _, sync::Mutex};

    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| format!("cannot write the log `{}`: {error}", path.display()))?;
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter("info"))
        .with_writer(Mutex::new(file))
        .log_internal_errors(false)
        .try_init()
        .map_err(|error| error.to_string())?;
    quieten_panics();
    Ok(())
}

/// Writes the log to standard error as JSON lines, for whoever runs the services,
/// and gives `traces` their spans. A line that cannot be written, for the disk is full,
/// is lost; to complain of it on standard error would be a panic.
///
/// # Errors
/// When there is a log already.
pub fn to_stderr(level: &str, traces: Option<&Traces>) -> Result<(), String> {
    let lines = fmt::layer()
        .json()
        .with_current_span(false)
        .with_span_list(false)
        .with_writer(io::stderr)
        .log_internal_errors(false)
        .with_filter(filter(level));
    // Of our own code only: other people's spans may name URLs.
    let ours = Targets::new().with_targets(OURS.map(|name| (name, tracing::Level::DEBUG)));
    let spans = traces.map(|traces| {
        tracing_opentelemetry::layer()
            .with_tracer(traces.tracer())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(ours)
    });
    tracing_subscriber::registry()
        .with(lines)
        .with(spans)
        .try_init()
        .map_err(|error| error.to_string())?;
    quieten_panics();
    Ok(())
}

/// The crates whose code is ours.
const OURS: [&str; 4] = ["chartseal", "gateway", "anchor_service", "store"];

/// `CHARTSEAL_LOG` in place of the level, for finding faults. Other people's code
/// says what it says at `warn`: it may name URLs.
fn filter(level: &str) -> EnvFilter {
    let usual = match level {
        "error" => "error".to_owned(),
        level => format!(
            "warn,{}",
            OURS.map(|name| format!("{name}={level}")).join(",")
        ),
    };
    EnvFilter::try_from_env("CHARTSEAL_LOG").unwrap_or_else(|_| EnvFilter::new(usual))
}

/// Makes a panic say its place only: its message could hold anything.
fn quieten_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "panic");
    }));
}
