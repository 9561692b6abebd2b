//! Who may do what with what, as the gateway really answers: every token, every
//! interaction, every kind of target, against a golden file that people review.
//! `UPDATE_GOLDEN=1` rewrites it.
//!
//! Cells are status codes. `200:2` is a search with two matches; `200>404` a
//! batch whose one entry was answered 404; `200+` a proof that shows content,
//! `200-` one that does not.

use crate::{
    caller::{Caller, Reply},
    house::{HOME, House, OTHER},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};
use std::{fmt::Write as _, fs, path::PathBuf};

/// The id under which each facility has a patient of its own.
const SAME_ID: &str = "same-id";

/// The columns: the seven demo users, and two of them with another purpose.
fn callers(house: &House) -> Vec<(&'static str, Caller)> {
    let patient = DemoUser::Patient {
        id: SAME_ID.parse().unwrap(),
    };
    let payment = |claims: &mut Value| claims["purpose_of_use"] = json!("HPAYMT");
    vec![
        ("clinician", house.caller(&DemoUser::Clinician)),
        ("..HPAYMT", house.caller_with(&DemoUser::Clinician, payment)),
        ("other", house.caller(&DemoUser::ClinicianOther)),
        (
            "..HPAYMT",
            house.caller_with(&DemoUser::ClinicianOther, payment),
        ),
        ("patient", house.caller(&patient)),
        ("admin", house.caller(&DemoUser::Admin)),
        ("admin2nd", house.caller(&DemoUser::AdminSecond)),
        ("auditor", house.caller(&DemoUser::Auditor)),
        ("system", house.caller(&DemoUser::System)),
    ]
}

/// What is asked for: a record, where it is, and how more of its kind are made.
struct Target {
    title: &'static str,
    facility: &'static str,
    kind: &'static str,
    id: String,
    query: String,
    body: Value,
    /// Whoever may write there.
    writer: Caller,
}

impl Target {
    async fn new(
        title: &'static str,
        (facility, writer): (&'static str, &Caller),
        body: Value,
        query: &str,
    ) -> Self {
        let kinds = ["Patient", "Observation", "Practitioner"];
        let kind = kinds
            .into_iter()
            .find(|kind| body["resourceType"] == *kind)
            .unwrap();
        let id = writer.create(kind, &body).await;
        let query = query.replace("{id}", &id);
        Self {
            title,
            facility,
            kind,
            id,
            query,
            body,
            writer: writer.clone(),
        }
    }

    /// A new record of the kind, for those who change it.
    async fn fresh(&self) -> String {
        self.writer.create(self.kind, &self.body).await
    }
}

async fn targets(house: &House) -> Vec<Target> {
    let home = house.caller(&DemoUser::System).at(HOME);
    let other = house.system_of_other().at(OTHER);
    for system in [&home, &other] {
        let patient = records::with_id(records::patient("same"), SAME_ID);
        system
            .put(&format!("Patient/{SAME_ID}"), patient)
            .await
            .expect(201);
    }
    let neighbour = home.create("Patient", records::patient("neighbour")).await;
    let own = records::observation(SAME_ID);
    let mut shared = own.clone();
    shared["performer"] = json!([{"reference": format!("Patient/{neighbour}")}]);
    let of_own = format!("patient={SAME_ID}");
    let of_neighbour = format!("patient={neighbour}");
    let (another, practitioner) = (records::observation(&neighbour), records::practitioner());
    let (here, there) = ((HOME, &home), (OTHER, &other));
    let mut targets = Vec::new();
    for (title, place, body, query) in [
        ("a record of the patient", here, &own, of_own.as_str()),
        ("a record of another patient", here, &another, &of_neighbour),
        (
            "a record of the patient and another",
            here,
            &shared,
            "_id={id}",
        ),
        ("a record of a patient of the same id", there, &own, &of_own),
        ("a practitioner", here, &practitioner, "_id={id}"),
        ("a practitioner", there, &practitioner, "_id={id}"),
    ] {
        targets.push(Target::new(title, place, body.clone(), query).await);
    }
    targets
}

/// The rows for a record.
const INTERACTIONS: [&str; 15] = [
    "read",
    "vread",
    "history",
    "search",
    "search by POST",
    "proof",
    "proof of version",
    "batch: read",
    "create",
    "update",
    "update to another patient",
    "create with id",
    "delete",
    "batch: create",
    "transaction: delete",
];

async fn cell(interaction: &str, target: &Target, caller: &Caller) -> String {
    let (kind, query) = (target.kind, &target.query);
    let path = format!("{kind}/{}", target.id);
    let version = format!("{path}/_history/1");
    let form = [("content-type", "application/x-www-form-urlencoded")];
    match interaction {
        "read" => status(&caller.get(&path).await),
        "vread" => status(&caller.get(&version).await),
        "history" => status(&caller.get(&format!("{path}/_history")).await),
        "search" => matches(&caller.get(&format!("{kind}?{query}")).await),
        "search by POST" => {
            let url = format!("{kind}/_search");
            matches(&caller.send("POST", &url, &form, Some(query.clone())).await)
        }
        "proof" => proof(&caller.get(&format!("{path}/$proof")).await),
        "proof of version" => proof(&caller.get(&format!("{version}/$proof")).await),
        "batch: read" => inner(
            &caller
                .post("", records::bundle("batch", &[("GET", &path, None)]))
                .await,
        ),
        write => write_cell(write, target, caller).await,
    }
}

/// Writes that change a record get one of their own.
async fn write_cell(interaction: &str, target: &Target, caller: &Caller) -> String {
    let (kind, body) = (target.kind, &target.body);
    let put = async |id: &str, body: &Value| {
        let body = records::with_id(body.clone(), id);
        status(&caller.put(&format!("{kind}/{id}"), body).await)
    };
    match interaction {
        "create" => status(&caller.post(kind, body).await),
        "update" => put(&target.fresh().await, body).await,
        "update to another patient" => {
            let mut body = body.clone();
            // The others name none, and stay as they are.
            if kind == "Observation" {
                body["subject"] = json!({"reference": "Patient/somebody-else"});
            }
            put(&target.fresh().await, &body).await
        }
        "create with id" => {
            let answer = caller.get("metadata").await;
            // An id that nobody has: that of a request.
            put(answer.header("x-request-id").unwrap(), body).await
        }
        "delete" => {
            let path = format!("{kind}/{}", target.fresh().await);
            status(&caller.delete(&path).await)
        }
        "batch: create" => {
            let entries = [("POST", kind, Some(body.clone()))];
            inner(&caller.post("", records::bundle("batch", &entries)).await)
        }
        _ => {
            let path = format!("{kind}/{}", target.fresh().await);
            let entries = [("DELETE", path.as_str(), None)];
            let bundle = records::bundle("transaction", &entries);
            inner(&caller.post("", bundle).await)
        }
    }
}

/// The rows for the audit events of a facility; `{id}` is an event about the
/// patient.
const AUDIT_INTERACTIONS: [(&str, &str, &str); 9] = [
    ("read", "GET", "AuditEvent/{id}"),
    ("vread", "GET", "AuditEvent/{id}/_history/1"),
    ("history", "GET", "AuditEvent/{id}/_history"),
    ("search", "GET", "AuditEvent?patient=same-id&_count=1"),
    ("proof", "GET", "AuditEvent/{id}/$proof"),
    (
        "proof of version",
        "GET",
        "AuditEvent/{id}/_history/1/$proof",
    ),
    ("create", "POST", "AuditEvent"),
    ("update", "PUT", "AuditEvent/{id}"),
    ("delete", "DELETE", "AuditEvent/{id}"),
];

async fn audit_cell(method: &str, path: &str, caller: &Caller) -> String {
    let body =
        matches!(method, "POST" | "PUT").then(|| json!({"resourceType": "AuditEvent"}).to_string());
    let reply = caller.send(method, path, &[], body).await;
    match path {
        path if path.contains('?') => matches(&reply),
        path if path.contains('$') => proof(&reply),
        _ => status(&reply),
    }
}

/// What is asked of the caller's own facility: name, method, path, body.
fn administration() -> [(&'static str, &'static str, &'static str, Value); 7] {
    let client = json!({"clientId": "new", "roles": ["system"]});
    let person = json!({"issuer": "https://elsewhere.example", "subject": "new"});
    let people = [person.clone(), person.clone()];
    let facility = json!({"name": "new", "administrators": people});
    let none = || json!(null);
    [
        ("list clients", "GET", "clients", none()),
        ("list administrators", "GET", "administrators", none()),
        ("list facilities", "GET", "facilities", none()),
        ("list changes", "GET", "changes", none()),
        ("propose a client", "POST", "clients", client),
        ("propose a stranger", "POST", "administrators", person),
        ("propose a facility", "POST", "facilities", facility),
    ]
}

fn status(reply: &Reply) -> String {
    reply.status.to_string()
}

fn matches(reply: &Reply) -> String {
    match reply.status {
        200 => format!("200:{}", reply.resources().len()),
        _ => status(reply),
    }
}

fn proof(reply: &Reply) -> String {
    if reply.status != 200 {
        return status(reply);
    }
    let bundle = proof::Bundle::parse(reply.text.as_bytes()).unwrap();
    let shows = bundle.leaf.content_salt.is_some() || bundle.leaf.event.is_some();
    format!("200{}", if shows { '+' } else { '-' })
}

fn inner(reply: &Reply) -> String {
    if reply.status != 200 {
        return status(reply);
    }
    let body = reply.json();
    let entry = body["entry"][0]["response"]["status"].as_str().unwrap();
    format!("200>{}", &entry[..3])
}

fn row(table: &mut String, name: &str, cells: &[String]) {
    let mut line = format!("  {name:<26}");
    for cell in cells {
        write!(line, "{cell:<10}").unwrap();
    }
    table.push_str(line.trim_end());
    table.push('\n');
}

async fn matrix(house: &House) -> String {
    let targets = targets(house).await;
    let callers = callers(house);
    let heads: Vec<String> = callers.iter().map(|(name, _)| (*name).to_owned()).collect();
    let mut table = String::new();
    for target in &targets {
        table.push_str(&format!("{}, at {}\n", target.title, target.facility));
        row(&mut table, "", &heads);
        for interaction in INTERACTIONS {
            let mut cells = Vec::new();
            for (_, caller) in &callers {
                cells.push(cell(interaction, target, &caller.at(target.facility)).await);
            }
            row(&mut table, interaction, &cells);
        }
        table.push('\n');
    }
    for facility in [HOME, OTHER] {
        table.push_str(&format!(
            "an audit event about the patient, at {facility}\n"
        ));
        row(&mut table, "", &heads);
        let id = event_of_patient(house, facility).await;
        for (name, method, path) in AUDIT_INTERACTIONS {
            let path = path.replace("{id}", &id);
            let mut cells = Vec::new();
            for (_, caller) in &callers {
                cells.push(audit_cell(method, &path, &caller.at(facility)).await);
            }
            row(&mut table, name, &cells);
        }
        table.push('\n');
    }
    table.push_str("administration of the caller's own facility\n");
    row(&mut table, "", &heads);
    for (name, method, path, body) in administration() {
        let mut cells = Vec::new();
        for (_, caller) in &callers {
            let body = Some(body.to_string());
            let path = format!("/admin/{path}");
            let reply = caller.send(method, &path, &[], body).await;
            cells.push(status(&reply));
        }
        row(&mut table, name, &cells);
    }
    table.push('\n');
    table
}

/// An event of a facility, as its own auditor finds it.
async fn event_of_patient(house: &House, facility: &str) -> String {
    let auditor = house.caller_with(&DemoUser::Auditor, |claims| {
        claims["facility"] = facility.into()
    });
    let path = format!("AuditEvent?patient={SAME_ID}&_count=1");
    let found = auditor.at(facility).get(&path).await.expect(200);
    found.resources()[0]["id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn access_is_what_the_golden_file_says() {
    let house = House::start().await;
    let found = matrix(&house).await;
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/access_matrix.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &found).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    for (line, (found, golden)) in found.lines().zip(golden.lines()).enumerate() {
        assert_eq!(found, golden, "line {} of {}", line + 1, path.display());
    }
    assert_eq!(found.lines().count(), golden.lines().count());
}
