//! What the sweeps found and how far they are, as series. Every process knows them from
//! the row of the job, whichever is at work.

use super::page::{Page, number, seconds};
use gateway::{
    App,
    work::sweep::{FaultKind, SweepState},
};
use prometheus::Error;

/// Adds all of them.
pub fn series(page: &Page, app: &App) -> Result<(), Error> {
    let within = app.sweep_within.as_secs_f64();
    page.gauge(
        "chartseal_sweep_within_seconds",
        "The time within which every row is to be swept.",
        &[],
        [(vec![], within)],
    )?;
    let facilities = app.facilities();
    let sweeps: Vec<(String, SweepState)> = facilities
        .iter()
        .map(|facility| (facility.name.to_string(), facility.sweep.read()))
        .collect();
    page.gauge(
        "chartseal_sweep_faults",
        "Rows and leaves that do not fit each other, by the last whole sweep and the one under \
         way.",
        &["facility", "fault"],
        sweeps.iter().flat_map(|(name, state)| {
            FaultKind::ALL.map(|kind| {
                let labels = vec![name.clone(), kind.as_str().to_owned()];
                (labels, number(state.faults(kind)))
            })
        }),
    )?;
    page.gauge(
        "chartseal_sweep_since_timestamp_seconds",
        "Since when every row has been looked at: the beginning of the last whole sweep, of the \
         first one, or of the process.",
        &["facility"],
        sweeps.iter().map(|(name, state)| {
            let since = state.since().unwrap_or(app.started);
            (vec![name.clone()], seconds(since.as_millis()))
        }),
    )?;
    page.gauge(
        "chartseal_sweep_end_timestamp_seconds",
        "The end of the last whole sweep.",
        &["facility"],
        sweeps.iter().filter_map(|(name, state)| {
            let last = state.last.as_ref()?;
            Some((vec![name.clone()], seconds(last.ended.as_millis())))
        }),
    )?;
    page.gauge(
        "chartseal_sweep_progress_ratio",
        "The share of the sweep under way that is done; 1 when it rests.",
        &["facility"],
        sweeps.iter().map(|(name, state)| {
            let running = state.running.as_ref();
            let done = running.map_or(1_000_000, gateway::work::sweep::Progress::millionths);
            (vec![name.clone()], number(done) / 1_000_000.0)
        }),
    )
}
