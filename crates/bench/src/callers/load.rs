//! An installation under load, over HTTP, on a database that begins with the Synthea
//! Bundles: their import, the crud loop, reads. At the end the audit is counted and
//! the anchor-service must have kept up, or nothing is worth a figure.

use crate::{
    Failed,
    callers::{
        busy::{self, Run, Work},
        connection::Target,
        seeds::Seed,
    },
    house::{
        installation::{Installation, Plan, Shape},
        rows,
    },
    measures::{audits, import},
    report::{Aim, Report},
};
use proof::{Bundle, Rung};
use std::time::{Duration, Instant};

/// The anchor-service may be this far behind the last answer.
const BEHIND: Duration = Duration::from_secs(2);

/// What is promised of a shape.
struct Promise {
    import: f64,
    crud: Option<f64>,
    read: Option<f64>,
}

const fn promise(shape: Shape) -> Promise {
    match shape {
        Shape::Sqlite => Promise {
            import: 1_800.0,
            crud: Some(3_000.0),
            read: Some(6_000.0),
        },
        Shape::Postgres(1) => Promise {
            import: 1_200.0,
            crud: Some(2_000.0),
            read: Some(6_000.0),
        },
        // Held against what one gateway did in the same run.
        Shape::Postgres(_) => Promise {
            import: 1_200.0,
            crud: None,
            read: None,
        },
    }
}

/// Loads an installation of its own.
pub async fn measure(report: &Report, shape: Shape) -> Result<(), Failed> {
    report.note(&format!("{shape:?}"));
    let mut installation = Installation::start(Plan::of(shape)?).await?;
    let targets = installation.targets()?;
    let target = targets.first().ok_or("no gateway")?;
    let promise = promise(shape);

    let seeds = Seed::all()?;
    let records = import::measure(report, target, &seeds, promise.import).await?;
    let work = Work::Crud(seeds.into());
    for number in [1, 8, 32] {
        let run = busy::run(&targets, number, &work, &installation.processes()).await?;
        print(report, "crud loop", number, &run, promise.crud);
    }
    let work = Work::Read(records.into());
    for number in [1, 32] {
        let run = busy::run(&targets, number, &work, &installation.processes()).await?;
        print(report, "reads", number, &run, promise.read);
    }
    kept_up(report, target).await?;
    let resident = installation.resident()?;
    report.figure("gateway under load, RSS", resident, "MB", Aim::Below(300.0));
    let requests: u64 = targets.iter().map(Target::requests).sum();
    let database = installation.stop()?;
    audits::check(report, &database, 0, requests)?;
    rows::measure(report, &database).await
}

fn print(report: &Report, what: &str, number: usize, run: &Run, promise: Option<f64>) {
    let what = format!("{what}, {number} callers");
    match promise.filter(|_| number == 32) {
        Some(least) => report.figure(&what, run.rate, "requests/s", Aim::AtLeast(least)),
        None => report.aside(&what, run.rate, "requests/s"),
    }
    run.explain(report, &what);
}

/// Writes one more record and waits until the log holds it.
async fn kept_up(report: &Report, target: &Target) -> Result<(), Failed> {
    let mut connection = target.connect().await?;
    let start = Instant::now();
    let version = import::one(&mut connection).await?;
    loop {
        let bundle = import::get(&mut connection, &format!("{version}/$proof")).await?;
        if Bundle::parse(&bundle)?.rung != Rung::Pending {
            break;
        }
        if start.elapsed() > BEHIND {
            return Err("the anchor-service was more than 2 s behind".into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let behind = start.elapsed().as_secs_f64();
    report.aside("last write is in the log after", behind, "s");
    Ok(())
}
