//! Verification of a finalized bundle with its resource, from bytes to verdict,
//! as `chartseal verify` does it after it has read the files.

use crate::{
    Failed,
    house::demo::Demo,
    measures::proof_latency,
    percentile,
    report::{Aim, Report},
};
use model::{Clock as _, SystemClock};
use proof::{Bundle, Trust};
use std::time::Instant;

const ROUNDS: usize = 500;

/// Verifies one bundle again and again.
pub async fn measure(report: &Report, demo: &Demo) -> Result<(), Failed> {
    let client = demo.client("clinician")?;
    let patients = proof_latency::patients(&client).await?;
    let version = patients.first().ok_or("the demo has no patients")?;
    let bytes = proof_latency::finalized(&client, version).await?;
    let resource = client.get(version).await?;
    let trust = Trust::parse(&demo.trust()?)?;
    let mut took = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let bundle = Bundle::parse(&bytes)?;
        let verdict = proof::verify(&bundle, &trust, Some(&resource), SystemClock.now())?;
        took.push(start.elapsed());
        if verdict.exit_code() != 0 {
            return Err(format!("the bundle does not verify:\n{verdict}").into());
        }
    }
    let median = percentile::millis(&mut took, 0.5);
    let what = "verify: parse and check a finalized bundle, median";
    report.figure(what, median, "ms", Aim::Below(5.0));
    Ok(())
}
