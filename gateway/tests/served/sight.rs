//! What stands in clear decides first: to whom a record is hidden by its type and its
//! subject, for that caller nothing of it is opened, and as much is read as for a record
//! that is not there, however large it is.

use crate::{
    caller::Caller,
    database::Kind,
    house::House,
    records::{self, SYSTEM},
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

const OWN: &str = "own-patient";
const ABSENT: &str = "absent-record";
/// Bytes of the hidden records' texts.
const SIZES: [usize; 3] = [300, 40_000, 2_000_000];

/// Reads of the database and envelopes that were opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    reads: u64,
    opens: u64,
}

fn so_far(house: &House) -> Cost {
    Cost {
        reads: house.store.reads(),
        opens: house.app.counters.opens(),
    }
}

/// A request and what it cost. It is made twice, so that keys and rulings are at hand.
async fn cost(house: &House, caller: &Caller, asked: &Asked) -> (u16, Cost) {
    asked.send(caller).await;
    let before = so_far(house);
    let status = asked.send(caller).await;
    let after = so_far(house);
    let cost = Cost {
        reads: after.reads - before.reads,
        opens: after.opens - before.opens,
    };
    (status, cost)
}

struct Asked {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Option<String>,
}

impl Asked {
    async fn send(&self, caller: &Caller) -> u16 {
        let reply = caller.send(self.method, &self.path, &self.headers, self.body.clone());
        reply.await.status
    }
}

/// Everything that can be asked about one observation.
fn everything(id: &str, value: &str) -> Vec<Asked> {
    let plain = |method, path: String, body: Option<Value>| Asked {
        method,
        path,
        headers: Vec::new(),
        body: body.map(|body| body.to_string()),
    };
    let mut all: Vec<Asked> = [
        "Observation/{id}",
        "Observation/{id}/_history/1",
        "Observation/{id}/_history",
        "Observation/{id}/_history?_since=2020-01-01T00:00:00Z",
        "Observation/{id}/_history?_at=2020-01-01",
        "Observation/_history",
        "Observation/{id}/$proof",
        "Observation/{id}/_history/1/$proof",
        "Observation?_id={id}",
        "Observation?identifier={value}",
        "Observation?identifier={value}&_summary=count",
        "Observation?patient=hidden-patient&_id={id}",
    ]
    .into_iter()
    .map(|path| {
        let path = path.replace("{id}", id).replace("{value}", value);
        plain("GET", path, None)
    })
    .collect();
    let (path, body) = (
        format!("Observation/{id}"),
        records::with_id(records::observation(OWN), id),
    );
    all.push(plain("PUT", path.clone(), Some(body.clone())));
    all.push(Asked {
        headers: vec![("if-match", "W/\"1\"")],
        ..plain("PUT", path.clone(), Some(body))
    });
    all.push(plain("DELETE", path.clone(), None));
    let binary = json!({
        "resourceType": "Binary", "contentType": "text/plain", "data": "eA==",
        "securityContext": {"reference": path},
    });
    all.push(plain("POST", "Binary".to_owned(), Some(binary)));
    all
}

fn observation(patient: &str, value: &str, size: usize) -> Value {
    let mut record = records::observation(patient);
    record["identifier"] = json!([{"system": SYSTEM, "value": value}]);
    // A string may not be so long.
    record["extension"] =
        json!([{"url": "urn:size", "valueBase64Binary": "AAAA".repeat(size.div_ceil(4))}]);
    record
}

/// Those whom the subject of a record stops.
fn stopped(house: &House) -> [(&'static str, Caller); 2] {
    let own = DemoUser::Patient {
        id: OWN.parse().unwrap(),
    };
    let wide = |claims: &mut Value| claims["scope"] = "user/*.cruds".into();
    let narrow = |claims: &mut Value| {
        claims["scope"] = "patient/*.cruds".into();
        claims["patient"] = OWN.into();
    };
    [
        ("patient", house.caller_with(&own, wide)),
        ("narrowed", house.caller_with(&DemoUser::System, narrow)),
    ]
}

#[actix_web::test]
async fn what_is_hidden_costs_what_is_absent_costs() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        for id in [OWN, "hidden-patient"] {
            let body = records::with_id(records::patient(id), id);
            let path = format!("Patient/{id}");
            system.put(&path, body).await.expect(201);
        }
        let mut hidden = Vec::new();
        for size in SIZES {
            let value = format!("mrn-{size}");
            let record = observation("hidden-patient", &value, size);
            let id = system.create("Observation", record).await;
            hidden.push((id, format!("{SYSTEM}|{value}")));
        }
        // One with a past, and one that was deleted.
        let (id, value) = hidden[0].clone();
        for number in 0..5 {
            let record = observation("hidden-patient", "mrn-300", 300 + number);
            let path = format!("Observation/{id}");
            let record = records::with_id(record, &id);
            system.put(&path, record).await.expect(200);
        }
        let gone = observation("hidden-patient", "mrn-gone", 300);
        let gone = system.create("Observation", gone).await;
        let path = format!("Observation/{gone}");
        system.delete(&path).await.expect(204);
        hidden.push((gone, value));

        for (who, caller) in stopped(&house) {
            let absent = everything(ABSENT, &format!("{SYSTEM}|mrn-absent"));
            for (id, value) in &hidden {
                for (of_hidden, of_absent) in everything(id, value).iter().zip(&absent) {
                    let what = format!("{who}: {} {}", of_hidden.method, of_hidden.path);
                    let mut costs = Vec::new();
                    // What is read now and then may fall into one of the two.
                    for _ in 0..3 {
                        let hidden = cost(&house, &caller, of_hidden).await;
                        let absent = cost(&house, &caller, of_absent).await;
                        assert_eq!(hidden.1.opens, 0, "{what}");
                        costs.push((hidden, absent));
                        if hidden == absent {
                            break;
                        }
                    }
                    let same = costs
                        .last()
                        .is_some_and(|(hidden, absent)| hidden == absent);
                    assert!(same, "{what}: {costs:?}");
                }
            }
        }
    }
}

#[actix_web::test]
async fn what_is_seen_is_opened() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let own = records::with_id(records::patient("own"), OWN);
    system.put(&format!("Patient/{OWN}"), own).await.expect(201);
    let id = system
        .create("Observation", observation(OWN, "mrn-own", 300))
        .await;
    for (who, caller) in stopped(&house) {
        let before = so_far(&house);
        caller.get(&format!("Observation/{id}")).await.expect(200);
        assert_eq!(so_far(&house).opens - before.opens, 1, "{who}");
    }
}

#[actix_web::test]
async fn a_patients_search_looks_at_the_own_compartment_alone() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        let own = records::with_id(records::patient("own"), OWN);
        system.put(&format!("Patient/{OWN}"), own).await.expect(201);
        for number in 0..30 {
            let other = system
                .create("Patient", records::patient(&format!("p-{number}")))
                .await;
            system
                .create("Observation", records::observation(&other))
                .await;
        }
        // The own compartment by subject, and by whoever made the observation alone.
        system
            .create("Observation", records::observation(OWN))
            .await;
        let mut performed = records::observation(OWN);
        performed.as_object_mut().unwrap().remove("subject");
        performed["performer"] = json!([{"reference": format!("Patient/{OWN}")}]);
        let performed = system.create("Observation", performed).await;
        system.create("Practitioner", records::practitioner()).await;

        for (who, caller) in stopped(&house) {
            for (search, found) in [("Observation", 2), ("Patient", 1)] {
                let before = so_far(&house);
                assert_eq!(caller.found(search).await, found, "{who} {search}");
                let opens = so_far(&house).opens - before.opens;
                assert_eq!(opens, found as u64, "{who} {search}");
                let count = format!("{search}?_summary=count");
                let total = caller.get(&count).await.expect(200).json();
                assert_eq!(total["total"], found, "{who} {search}");
                let opens = so_far(&house).opens - before.opens;
                assert_eq!(opens, 2 * found as u64, "{who} {count}");
            }
            let by_id = format!("Observation?_id={performed}");
            assert_eq!(caller.found(&by_id).await, 1, "{who}");
        }
        // What is nobody's is not left out.
        let [(_, patient), _] = stopped(&house);
        assert_eq!(patient.found("Practitioner").await, 1);
    }
}
