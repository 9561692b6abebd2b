//! Memory of a demo that has written its sample data and is left alone.

use crate::{
    Failed,
    house::{demo::Demo, memory},
    report::{Aim, Report},
};
use std::time::Duration;

/// Long enough for what the start left over: sequencing, anchoring.
const QUIET: Duration = Duration::from_secs(10);

/// Waits, then looks.
pub async fn measure(report: &Report, demo: &Demo) -> Result<(), Failed> {
    tokio::time::sleep(QUIET).await;
    let resident = memory::resident(demo.process())?;
    report.figure("idle demo, RSS", resident, "MB", Aim::Below(150.0));
    Ok(())
}
