//! Whether time tells what is hidden from what is absent: a patient asks for records of
//! another and for records that never were, in pairs, over records of several sizes. The
//! figure is the share of pairs in which the hidden one took longer (the area under the
//! ROC curve): 0.5 says nothing, 1 everything.

use crate::{
    Failed,
    callers::connection::Connection,
    house::installation::{Installation, Plan, Shape},
    report::{Aim, Report},
};
use devkit::issuer::DemoUser;
use hyper::{Method, StatusCode};
use serde_json::json;
use std::{env, time::Duration};

const PAIRS: usize = 2_000;
/// Another number of pairs.
const FEWER: &str = "CHARTSEAL_BENCH_PAIRS";
const WARMING: usize = 50;
const SIZES: [(&str, usize); 3] = [("0.3 kB", 300), ("40 kB", 40_000), ("2 MB", 2_000_000)];
const OWN: &str = "own-patient";
const SYSTEM: &str = "https://example.org/mrn";

/// What is asked, with `{id}` and `{value}` of the record.
const QUESTIONS: [(&str, Method, &str); 4] = [
    ("read", Method::GET, "Observation/{id}"),
    ("history", Method::GET, "Observation/{id}/_history"),
    ("search", Method::GET, "Observation?identifier={value}"),
    ("update", Method::PUT, "Observation/{id}"),
];

/// Asks in pairs, the hidden one first in every second.
pub async fn measure(report: &Report) -> Result<(), Failed> {
    let pairs = match env::var(FEWER) {
        Ok(number) => number.parse()?,
        Err(_) => PAIRS,
    };
    let mut house = Installation::start(Plan::of(Shape::Sqlite)?).await?;
    let targets = house.targets()?;
    let mut system = targets.first().ok_or("no gateway")?.connect().await?;
    for id in [OWN, "hidden-patient"] {
        let patient = json!({"resourceType": "Patient", "id": id});
        put(&mut system, &format!("Patient/{id}"), &patient).await?;
    }
    let user = DemoUser::Patient { id: OWN.parse()? };
    let mut patient = house.caller(&user, OWN)?.connect().await?;
    for (name, size) in SIZES {
        let id = format!("hidden-{size}");
        let record = observation(&id, "hidden-patient", size);
        put(&mut system, &format!("Observation/{id}"), &record).await?;
        for (what, method, path) in &QUESTIONS {
            let share = share(&mut patient, method, path, &id, pairs).await?;
            let figure = format!("hidden slower than absent, {what} {name}");
            report.figure(&figure, share, "of pairs", Aim::Within(0.45, 0.55));
        }
    }
    house.stop().map(drop)
}

async fn put(
    connection: &mut Connection,
    path: &str,
    record: &serde_json::Value,
) -> Result<(), Failed> {
    let body = record.to_string().into_bytes();
    connection
        .call(Method::PUT, path, body, StatusCode::CREATED)
        .await
        .map(drop)
}

fn observation(id: &str, patient: &str, size: usize) -> serde_json::Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final",
        "code": {"text": "x"},
        // A string has a mebibyte at most.
        "extension": [{"url": "urn:bench:size", "valueBase64Binary": "A".repeat(size)}],
        "identifier": [{"system": SYSTEM, "value": id}],
        "subject": {"reference": format!("Patient/{patient}")},
    })
}

async fn share(
    patient: &mut Connection,
    method: &Method,
    path: &str,
    hidden: &str,
    pairs: usize,
) -> Result<f64, Failed> {
    let (mut of_hidden, mut of_absent) = (Vec::new(), Vec::new());
    for pair in 0..WARMING + pairs {
        // Another absent one each time: none of them may be remembered.
        let absent = format!("absent-{pair}");
        let mut order = [(hidden, true), (absent.as_str(), false)];
        if pair % 2 == 1 {
            order.reverse();
        }
        for (id, is_hidden) in order {
            let took = ask(patient, method, path, id).await?;
            if pair >= WARMING {
                let into = if is_hidden {
                    &mut of_hidden
                } else {
                    &mut of_absent
                };
                into.push(took);
            }
        }
    }
    Ok(area(&of_hidden, &of_absent))
}

async fn ask(
    patient: &mut Connection,
    method: &Method,
    path: &str,
    id: &str,
) -> Result<Duration, Failed> {
    let value = format!("{SYSTEM}|{id}");
    let path = path.replace("{id}", id).replace("{value}", &value);
    let (body, expected) = match *method {
        Method::PUT => (
            observation(id, OWN, 10).to_string().into_bytes(),
            StatusCode::FORBIDDEN,
        ),
        _ if path.contains('?') => (Vec::new(), StatusCode::OK),
        _ => (Vec::new(), StatusCode::NOT_FOUND),
    };
    let answer = patient.call(method.clone(), &path, body, expected).await?;
    Ok(answer.took)
}

/// The share of all pairs of one of each in which the first is longer; equal ones count
/// half.
fn area(longer: &[Duration], shorter: &[Duration]) -> f64 {
    let mut sorted = shorter.to_vec();
    sorted.sort_unstable();
    let wins: f64 = longer
        .iter()
        .map(|took| {
            let below = sorted.partition_point(|other| other < took);
            let up_to = sorted.partition_point(|other| other <= took);
            f64::midpoint(below as f64, up_to as f64)
        })
        .sum();
    wins / (longer.len() as f64 * shorter.len() as f64)
}
