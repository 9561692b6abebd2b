//! How long a record waits after its answer until a signed checkpoint covers it, and until
//! an anchor of it is final: in the demo, at the service's usual times.

use crate::{Failed, callers::client::Client, house::demo::Demo, percentile, report::Report};
use proof::{Bundle, Rung};
use std::time::{Duration, Instant};

const WRITES: u32 = 25;
const PATIENCE: Duration = Duration::from_secs(60);
/// Each look is a read that is audited, and a leaf of its own.
const PAUSE: Duration = Duration::from_millis(50);

/// Writes one record after another.
pub async fn measure(report: &Report, demo: &Demo) -> Result<(), Failed> {
    let client = demo.client("system")?;
    let (mut signed, mut anchored) = (Vec::new(), Vec::new());
    for number in 0..WRITES {
        let patient = format!(r#"{{"resourceType":"Patient","name":[{{"family":"D{number}"}}]}}"#);
        let version = client.create("Patient", patient).await?;
        let start = Instant::now();
        signed.push(reached(&client, &version, start, |rung| rung != Rung::Pending).await?);
        anchored.push(reached(&client, &version, start, |rung| rung == Rung::Finalized).await?);
    }
    for (what, took) in [
        ("written to signed checkpoint", &mut signed),
        ("written to final anchor", &mut anchored),
    ] {
        for (name, share) in [("least", 0.0), ("median", 0.5), ("p90", 0.9), ("most", 1.0)] {
            let millis = percentile::millis(took, share);
            report.aside(&format!("{what}, {name} of {WRITES}"), millis, "ms");
        }
    }
    Ok(())
}

async fn reached(
    client: &Client,
    version: &str,
    start: Instant,
    enough: fn(Rung) -> bool,
) -> Result<Duration, Failed> {
    while start.elapsed() < PATIENCE {
        let bytes = client.get(&format!("{version}/$proof")).await?;
        if enough(Bundle::parse(&bytes)?.rung) {
            return Ok(start.elapsed());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err("a version did not become final".into())
}
