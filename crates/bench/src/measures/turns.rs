//! Two programs in turns on one machine, each time on a fresh installation: import, the
//! crud loop, reads. A machine differs from hour to hour by more than programs do, so
//! only what was measured in turns is compared.

use crate::{
    Failed,
    callers::{
        busy::{self, Work},
        connection::Target,
        seeds::Seed,
    },
    house::{
        installation::{Installation, Plan, Shape},
        program::Program,
    },
    measures::{audits, import},
    report::Report,
};
use std::sync::Arc;

const CALLERS: usize = 32;

/// What is measured of a turn, in the order of [`Turn`].
const FIGURES: [(&str, &str); 10] = [
    ("import", "resources/s"),
    ("crud loop", "requests/s"),
    ("crud loop: p99", "ms"),
    ("crud loop: processor, served", "us/request"),
    ("crud loop: processor, whole machine", "us/request"),
    ("reads", "requests/s"),
    ("reads: p99", "ms"),
    ("reads: processor, served", "us/request"),
    ("reads: processor, whole machine", "us/request"),
    ("gateway, RSS", "MB"),
];

type Turn = [f64; FIGURES.len()];

/// One of the two.
struct Contender {
    program: Program,
    turns: Vec<Turn>,
}

/// Runs so many rounds of the old program and the usual one on each database; who begins
/// a round is who ended the last.
pub async fn measure(
    report: &Report,
    old: &Program,
    shapes: &[Shape],
    rounds: u32,
) -> Result<(), Failed> {
    let new = Program::usual()?;
    let seeds: Arc<[Seed]> = Seed::all()?.into();
    for shape in shapes {
        report.note(&format!(
            "{shape:?}, {rounds} rounds of {} and {}, {CALLERS} callers",
            old.version(),
            new.version()
        ));
        let contender = |program: &Program| Contender {
            program: program.clone(),
            turns: Vec::new(),
        };
        let (mut old, mut new) = (contender(old), contender(&new));
        for round in 0..rounds {
            let order = match round % 2 {
                0 => [&mut old, &mut new],
                _ => [&mut new, &mut old],
            };
            for contender in order {
                let turn = turn(report, &contender.program, *shape, &seeds).await?;
                contender.turns.push(turn);
            }
        }
        compare(report, &old.turns, &new.turns);
    }
    Ok(())
}

async fn turn(
    report: &Report,
    program: &Program,
    shape: Shape,
    seeds: &Arc<[Seed]>,
) -> Result<Turn, Failed> {
    let mut house = Installation::start(Plan {
        shape,
        program: program.clone(),
        has_rates: false,
    })
    .await?;
    let (targets, processes) = (house.targets()?, house.processes());
    let imported = import::all(targets.first().ok_or("no gateway")?).await?;
    let crud = Work::Crud(Arc::clone(seeds));
    let crud = busy::run(&targets, CALLERS, &crud, &processes).await?;
    let reads = Work::Read(imported.records.into());
    let reads = busy::run(&targets, CALLERS, &reads, &processes).await?;
    let resident = house.resident()?;
    let requests: u64 = targets.iter().map(Target::requests).sum();
    let database = house.stop()?;
    // A database of the first release is not read by the store of today.
    if !program.is_first_release() {
        audits::check(report, &database, 0, requests)?;
    }
    let turn = [
        imported.rate,
        crud.rate,
        crud.p99,
        crud.processor,
        crud.machine,
        reads.rate,
        reads.p99,
        reads.processor,
        reads.machine,
        resident,
    ];
    for ((name, unit), figure) in FIGURES.into_iter().zip(turn) {
        report.aside(&format!("{}: {name}", program.version()), figure, unit);
    }
    Ok(turn)
}

fn compare(report: &Report, old: &[Turn], new: &[Turn]) {
    let (old, new) = (medians(old), medians(new));
    for (((name, unit), old), new) in FIGURES.into_iter().zip(old).zip(new) {
        report.aside(&format!("median, old: {name}"), old, unit);
        report.aside(&format!("median, new: {name}"), new, unit);
        report.aside(&format!("new to old: {name}"), new / old, "x");
    }
}

/// The middle of each figure; of an even number of turns the mean of the two middle ones.
fn medians(turns: &[Turn]) -> Vec<f64> {
    let middle = |figure: usize| {
        let mut all: Vec<f64> = turns
            .iter()
            .filter_map(|turn| turn.get(figure).copied())
            .collect();
        all.sort_unstable_by(f64::total_cmp);
        let at = |place: usize| all.get(place).copied().unwrap_or(f64::NAN);
        f64::midpoint(at(all.len().saturating_sub(1) / 2), at(all.len() / 2))
    };
    (0..FIGURES.len()).map(middle).collect()
}
