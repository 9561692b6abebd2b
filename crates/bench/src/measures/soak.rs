//! Honest callers alone, then with hostile ones beside them, then alone again, on an
//! installation with the limits that are shipped. What the honest notice of it, and the
//! memory, is what is measured.

use crate::{
    Failed,
    callers::{
        honest::{Honest, Step},
        hostile::Hostile,
    },
    house::{
        installation::{Installation, Plan, Shape},
        program::Program,
    },
    measures::{audits, import},
    percentile,
    report::{Aim, Report},
};
use std::time::{Duration, Instant};
use tokio::time::{sleep, sleep_until};

const MINUTE: Duration = Duration::from_secs(60);
/// After the import, and after the attacks.
const SETTLING: Duration = Duration::from_secs(10);
/// The honest alone, before and after, unless the attacks are short.
const ALONE: Duration = Duration::from_secs(120);
/// By then caches are full; memory is compared with this minute's.
const WARM: u32 = 5;

/// Soaks an installation of its own for so many minutes.
pub async fn measure(report: &Report, shape: Shape, minutes: u32) -> Result<(), Failed> {
    report.note(&format!("{shape:?}, {minutes} minutes of attacks"));
    let plan = Plan {
        has_rates: true,
        shape,
        program: Program::usual()?,
    };
    let mut house = Installation::start(plan).await?;
    let system = house.targets()?.into_iter().next().ok_or("no gateway")?;
    let records = import::all(&system).await?.records;
    let patients: Vec<String> = records
        .iter()
        .filter_map(|record| Some(record.strip_prefix("Patient/")?.to_owned()))
        .collect();

    let alone = ALONE.min(MINUTE * minutes / 4);
    let mut honest = Honest::start(&house, &patients)?;
    sleep(SETTLING).await;
    let quiet = Stretch::of(&honest, alone).await;
    quiet.print(report, "alone, before");
    report.aside("resident, before", house.resident()?, "MB");

    let mut hostile = Hostile::start(&house, &records)?;
    let during = attacked(report, &house, &honest, minutes).await?;
    let by_hostile = hostile.stop().await;
    sleep(SETTLING).await;
    Stretch::of(&honest, alone)
        .await
        .print(report, "alone, after");
    report.aside("resident, after", house.resident()?, "MB");
    let by_honest = honest.stop().await;

    let times = during.p99 / quiet.p99;
    report.figure("honest p99, attacked to alone", times, "x", Aim::Below(3.0));
    let failed = honest.tally.others() as f64;
    report.figure(
        "honest requests without success",
        failed,
        "",
        Aim::Below(1.0),
    );
    honest.tally.print(report, "honest");
    hostile.tally.print(report, "hostile");
    report.aside("database", house.stored()?, "MB");

    let database = house.stop()?;
    // Hostile requests that are refused before they are decided have no record of their
    // own; once a minute there is one for all without a valid token.
    let least = system.requests() + honest.tally.successes() + hostile.tally.successes();
    let most = system.requests() + by_honest + by_hostile + u64::from(minutes) + 10;
    audits::check_between(report, &database, least, most)
}

/// The honest while they are attacked, minute by minute.
async fn attacked(
    report: &Report,
    house: &Installation,
    honest: &Honest,
    minutes: u32,
) -> Result<Stretch, Failed> {
    let begin = Instant::now();
    let (mut warm, mut last) = (f64::NAN, f64::NAN);
    for minute in 1..=minutes {
        Stretch::of(honest, MINUTE)
            .await
            .print(report, &format!("attacked, minute {minute}"));
        last = house.resident()?;
        report.aside(&format!("resident, minute {minute}"), last, "MB");
        if minute <= WARM {
            warm = last;
        }
    }
    let whole = Stretch::between(honest, begin, Instant::now());
    whole.print(report, "attacked, all minutes");
    for step in Step::ALL {
        let mut waits = honest.waits(begin, Instant::now(), Some(step));
        let p99 = percentile::millis(&mut waits, 0.99);
        report.aside(&format!("honest attacked, {}: p99", step.name()), p99, "ms");
    }
    let growth = last / warm;
    let what = format!("resident, last minute to minute {}", minutes.min(WARM));
    report.figure(&what, growth, "x", Aim::Below(1.2));
    Ok(whole)
}

/// What the honest waited for their answers in some time, in milliseconds.
struct Stretch {
    median: f64,
    p99: f64,
    longest: f64,
}

impl Stretch {
    /// From now on, for so long.
    async fn of(honest: &Honest, long: Duration) -> Self {
        let from = Instant::now();
        sleep_until((from + long).into()).await;
        Self::between(honest, from, from + long)
    }

    fn between(honest: &Honest, from: Instant, until: Instant) -> Self {
        let mut waits = honest.waits(from, until, None);
        Self {
            median: percentile::millis(&mut waits, 0.5),
            p99: percentile::millis(&mut waits, 0.99),
            longest: percentile::millis(&mut waits, 1.0),
        }
    }

    fn print(&self, report: &Report, when: &str) {
        report.aside(&format!("honest {when}: median"), self.median, "ms");
        report.aside(&format!("honest {when}: p99"), self.p99, "ms");
        report.aside(&format!("honest {when}: longest"), self.longest, "ms");
    }
}
