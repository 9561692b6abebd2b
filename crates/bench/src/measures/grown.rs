//! What a search of each shape, and the anchor of a `$proof`, cost the store when the
//! database has grown: beside the same in a small one. Patients have as many records in
//! both, so that a page holds as much.

use crate::{
    Failed,
    house::grown_rows::{Planted, WIDE, identifier, patient, record, system, time},
    percentile,
    report::{Aim, Report},
};
use model::{ResourceType, Tag, Token};
use std::{env, time::Instant};
use store::{Criterion, Order, Reader};

/// The small one: three copies of the 21 Synthea Bundles.
const SMALL: (u64, u64) = (20_000, 300);
/// The grown one: a day of anchors.
const GROWN: (u64, u64) = (1_000_000, 43_200);
/// Other numbers of versions and of anchors of the grown one.
const VERSIONS: &str = "CHARTSEAL_BENCH_VERSIONS";
const ANCHORS: &str = "CHARTSEAL_BENCH_ANCHORS";
/// The type of most of the records.
const OBSERVATION: &str = "Observation";
const RUNS: usize = 60;
const WARMING: usize = 5;
const PAGE: u32 = 51;
/// Below this the clock and the scheduler are what is measured.
const NOISE: f64 = 0.1;

/// One thing to read, from a place of its own each time.
type Shape = (&'static str, fn(&mut Reader, &Planted, u64) -> Done);
type Done = Result<(), store::Error>;

/// Plants both, and measures every shape in both.
pub fn measure(report: &Report) -> Result<(), Failed> {
    let named = |name, usual| match env::var(name) {
        Ok(number) => number.parse(),
        Err(_) => Ok(usual),
    };
    let (versions, anchors) = (named(VERSIONS, GROWN.0)?, named(ANCHORS, GROWN.1)?);
    let start = Instant::now();
    let (small, grown) = (
        Planted::new(SMALL.0, SMALL.1)?,
        Planted::new(versions, anchors)?,
    );
    let seconds = start.elapsed().as_secs_f64();
    report.note(&format!(
        "{} and {versions} versions, {} and {anchors} anchors on SQLite, planted in {seconds:.0} s",
        SMALL.0, SMALL.1
    ));
    for (name, read) in SHAPES {
        let (before, after) = (median(&small, read)?, median(&grown, read)?);
        report.aside(&format!("{name}, small"), before, "ms");
        report.aside(&format!("{name}, grown"), after, "ms");
        let ratio = after.max(NOISE) / before.max(NOISE);
        report.figure(
            &format!("{name}, grown to small"),
            ratio,
            "x",
            Aim::Below(3.0),
        );
    }
    Ok(())
}

fn median(planted: &Planted, read: fn(&mut Reader, &Planted, u64) -> Done) -> Result<f64, Failed> {
    let mut took = Vec::with_capacity(RUNS);
    for run in 0..RUNS + WARMING {
        // All over the database.
        let number = planted.versions / (RUNS + WARMING) as u64 * run as u64 / 10 * 10;
        let start = Instant::now();
        planted
            .store
            .read_blocking("bench", |reader| read(reader, planted, number))?;
        if run >= WARMING {
            took.push(start.elapsed());
        }
    }
    Ok(percentile::millis(&mut took, 0.5))
}

const BY_RECORD: Order = Order::Record { after: None };
const NEWEST: Order = Order::Time {
    newest_first: true,
    from: None,
    until: None,
    after: None,
};

fn type_of(name: &str) -> Result<ResourceType, store::Error> {
    name.parse().map_err(|_| store::Error::Corrupt("type"))
}

/// A page of observations.
fn observations(
    reader: &mut Reader,
    planted: &Planted,
    criteria: &[Criterion<'_>],
    order: Order,
) -> Done {
    page(reader, planted, OBSERVATION, criteria, order)
}

/// A page of the type of which every record has an identifier of one system.
fn wide(reader: &mut Reader, planted: &Planted, criteria: &[Criterion<'_>], order: Order) -> Done {
    page(reader, planted, WIDE, criteria, order)
}

fn page(
    reader: &mut Reader,
    planted: &Planted,
    kind: &str,
    criteria: &[Criterion<'_>],
    order: Order,
) -> Done {
    let kind = type_of(kind)?;
    let mut versions = reader.versions();
    versions.search(planted.facility, &kind, criteria, order, PAGE)?;
    Ok(())
}

fn by<'a>(param: &'a str, targets: &'a [Tag]) -> Criterion<'a> {
    Criterion::Links { param, targets }
}

fn patient_of(number: u64) -> Tag {
    patient(number / 340)
}

/// Nobody's.
fn strangers(number: u64) -> [Tag; 3] {
    [1, 2, 3].map(|more| patient(u64::MAX - number - more))
}

const SHAPES: [Shape; 15] = [
    ("patient", |reader, planted, number| {
        let patients = [patient_of(number)];
        observations(reader, planted, &[by("patient", &patients)], BY_RECORD)
    }),
    (
        "subject without a type, nobody's",
        |reader, planted, number| {
            let subjects = strangers(number);
            observations(reader, planted, &[by("subject", &subjects)], BY_RECORD)
        },
    ),
    ("two patients", |reader, planted, number| {
        let patients = [patient_of(number), patient_of(number + 340)];
        observations(reader, planted, &[by("patient", &patients)], BY_RECORD)
    }),
    ("three ids", |reader, planted, number| {
        let ids = [record(number), record(number + 2), record(number + 4)];
        observations(reader, planted, &[by("_id", &ids)], BY_RECORD)
    }),
    ("identifier", |reader, planted, number| {
        let tokens = [identifier(&type_of(OBSERVATION)?, number)];
        observations(reader, planted, &[Criterion::Tokens(&tokens)], BY_RECORD)
    }),
    ("two identifiers", |reader, planted, number| {
        let kind = type_of(OBSERVATION)?;
        let tokens = [identifier(&kind, number), identifier(&kind, number + 2)];
        observations(reader, planted, &[Criterion::Tokens(&tokens)], BY_RECORD)
    }),
    ("system of a type", |reader, planted, _| {
        wide(
            reader,
            planted,
            &[Criterion::Tokens(&[system()])],
            BY_RECORD,
        )
    }),
    ("system of a type and patient", |reader, planted, number| {
        let (systems, patients) = ([system()], [patient_of(number)]);
        let criteria = [Criterion::Tokens(&systems), by("patient", &patients)];
        wide(reader, planted, &criteria, BY_RECORD)
    }),
    (
        "patient and identifier of another",
        |reader, planted, number| {
            let tokens = [
                Token::new([9; 16]),
                identifier(&type_of(WIDE)?, number + 345),
            ];
            let patients = [patient_of(number)];
            let criteria = [by("patient", &patients), Criterion::Tokens(&tokens)];
            wide(reader, planted, &criteria, BY_RECORD)
        },
    ),
    ("type", |reader, planted, _| {
        observations(reader, planted, &[], BY_RECORD)
    }),
    ("type, the newest", |reader, planted, _| {
        observations(reader, planted, &[], NEWEST)
    }),
    ("patient, the newest", |reader, planted, number| {
        let patients = [patient_of(number)];
        observations(reader, planted, &[by("patient", &patients)], NEWEST)
    }),
    ("system of a type, the newest", |reader, planted, _| {
        wide(reader, planted, &[Criterion::Tokens(&[system()])], NEWEST)
    }),
    (
        "system of a type, of a time to come",
        |reader, planted, _| {
            let later = Order::Time {
                newest_first: false,
                from: Some(time(planted.versions * 2)?),
                until: None,
                after: None,
            };
            wide(reader, planted, &[Criterion::Tokens(&[system()])], later)
        },
    ),
    (
        "$proof: leaf and anchor with its evidence",
        |reader, planted, number| {
            let first = model::VersionNumber::FIRST;
            let place = reader
                .leaves()
                .find(planted.facility, record(number), first)?;
            let place = place.ok_or(store::Error::Corrupt("leaf"))?;
            let anchor = reader.anchors().covering(planted.log, place.index)?;
            anchor.map(drop).ok_or(store::Error::Corrupt("anchor"))
        },
    ),
];
