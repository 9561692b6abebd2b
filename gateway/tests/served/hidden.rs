//! What is hidden answers as what is absent: to writes with and without a precondition,
//! and to a Binary that names another record.

use crate::{
    caller::{Caller, Reply},
    database::Kind,
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

/// The patient of the token, whom the hidden records are not about.
const OWN: &str = "own-patient";
const ABSENT: &str = "absent-record";

/// A service whose scopes reach one patient's records alone.
fn narrowed(house: &House, scope: &str) -> Caller {
    house.caller_with(&DemoUser::System, |claims| {
        claims["scope"] = scope.into();
        claims["patient"] = OWN.into();
    })
}

fn patient(house: &House, scope: &str) -> Caller {
    let user = DemoUser::Patient {
        id: OWN.parse().unwrap(),
    };
    house.caller_with(&user, |claims| claims["scope"] = scope.into())
}

fn clinician(house: &House, scope: &str) -> Caller {
    house.caller_with(&DemoUser::Clinician, |claims| {
        claims["scope"] = scope.into()
    })
}

/// What a caller can tell a reply by, with the id that was asked for left out.
pub fn seen(reply: &Reply, id: &str) -> (u16, String, Vec<String>) {
    let differs = ["x-request-id", "date"];
    let mut headers: Vec<String> = reply
        .headers
        .iter()
        .filter(|(name, _)| !differs.contains(&name.as_str()))
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    (reply.status, reply.text.replace(id, "{id}"), headers)
}

fn binary(context: &Value) -> Value {
    json!({
        "resourceType": "Binary", "contentType": "text/plain", "data": "eA==",
        "securityContext": context,
    })
}

fn naming(reference: &str) -> Value {
    binary(&json!({"reference": reference}))
}

struct Records {
    /// The own patient's observation.
    own: String,
    /// Another patient, and observations of that one: one stands, one was deleted.
    other: String,
    hidden: String,
    deleted: String,
}

async fn records(house: &House) -> Records {
    let system = house.caller(&DemoUser::System);
    let path = format!("Patient/{OWN}");
    system
        .put(&path, records::with_id(records::patient("own"), OWN))
        .await
        .expect(201);
    let other = system.create("Patient", records::patient("other")).await;
    let mut ids = Vec::new();
    for of in [OWN, other.as_str(), other.as_str()] {
        ids.push(system.create("Observation", records::observation(of)).await);
    }
    let [own, hidden, deleted] = ids.try_into().unwrap();
    system
        .delete(&format!("Observation/{deleted}"))
        .await
        .expect(204);
    Records {
        own,
        other,
        hidden,
        deleted,
    }
}

#[actix_web::test]
async fn a_write_tells_nothing_of_what_is_hidden() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let house = House::start_on(kind).await;
        let Records {
            other,
            hidden,
            deleted,
            ..
        } = records(&house).await;
        for caller in [
            narrowed(&house, "patient/*.cruds"),
            narrowed(&house, "patient/Observation.cud system/Patient.cruds"),
            patient(&house, "patient/*.cruds"),
            patient(&house, "user/*.cruds"),
        ] {
            for precondition in [None, Some("W/\"1\""), Some("W/\"9\"")] {
                alone(&caller, precondition, [&hidden, &deleted]).await;
                for bundle in ["batch", "transaction"] {
                    bundled(&caller, bundle, precondition, [&hidden, &deleted]).await;
                }
            }
        }
        // Nothing came of it, and those who may write everywhere are told.
        let system = house.caller(&DemoUser::System);
        system
            .get(&format!("Observation/{ABSENT}"))
            .await
            .expect(404);
        let body = records::with_id(records::observation(&other), ABSENT);
        let path = format!("Observation/{ABSENT}");
        let given = [("if-match", "W/\"9\"")];
        system
            .send("PUT", &path, &given, Some(body.to_string()))
            .await
            .expect(412);
        system.put(&path, &body).await.expect(201);
    }
}

async fn alone(caller: &Caller, precondition: Option<&str>, hidden: [&String; 2]) {
    let headers: Vec<_> = precondition
        .map(|etag| ("if-match", etag))
        .into_iter()
        .collect();
    for method in ["PUT", "DELETE"] {
        let mut replies = Vec::new();
        for id in hidden.into_iter().map(String::as_str).chain([ABSENT]) {
            let body = records::with_id(records::observation(OWN), id).to_string();
            let body = (method == "PUT").then_some(body);
            let path = format!("Observation/{id}");
            let reply = caller.send(method, &path, &headers, body).await;
            assert_eq!(reply.status, 403, "{method} {id} {precondition:?}");
            replies.push(seen(&reply, id));
        }
        replies.dedup();
        assert_eq!(replies.len(), 1, "{method} {precondition:?}: {replies:#?}");
    }
}

async fn bundled(caller: &Caller, kind: &str, precondition: Option<&str>, hidden: [&String; 2]) {
    for method in ["PUT", "DELETE"] {
        let mut replies = Vec::new();
        for id in hidden.into_iter().map(String::as_str).chain([ABSENT]) {
            let path = format!("Observation/{id}");
            let body = records::with_id(records::observation(OWN), id);
            let body = (method == "PUT").then_some(body);
            let mut bundle = records::bundle(kind, &[(method, &path, body)]);
            if let Some(etag) = precondition {
                bundle["entry"][0]["request"]["ifMatch"] = etag.into();
            }
            replies.push(seen(&caller.post("", bundle).await, id));
        }
        replies.dedup();
        assert_eq!(replies.len(), 1, "{kind} {method}: {replies:#?}");
    }
}

#[actix_web::test]
async fn a_binary_tells_nothing_of_the_record_that_it_names() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let house = House::start_on(kind).await;
        let Records {
            own,
            other,
            hidden,
            deleted,
        } = records(&house).await;
        for caller in [
            clinician(&house, "user/Binary.cruds"),
            narrowed(&house, "system/Binary.cruds patient/Observation.rs"),
            narrowed(&house, "system/Binary.cruds"),
        ] {
            let mut replies = Vec::new();
            for context in [
                naming(&format!("Observation/{hidden}")),
                naming(&format!("Observation/{deleted}")),
                naming("Observation/absent"),
                naming(&format!("Patient/{other}")),
                naming("Patient/absent"),
                naming(&format!("Observation/{hidden}/_history/1")),
                naming("https://elsewhere.example/fhir/Patient/1"),
                naming("AuditEvent/absent"),
                binary(&json!({"identifier": {"value": "other"}})),
            ] {
                let reply = caller.post("Binary", &context).await.expect(422);
                replies.push(seen(&reply, &hidden));
                let path = format!("Binary/{ABSENT}");
                let put = caller
                    .put(&path, records::with_id(context.clone(), ABSENT))
                    .await;
                replies.push(seen(&put.expect(422), &hidden));
                let batch = records::bundle("batch", &[("POST", "Binary", Some(context.clone()))]);
                let answer = caller.post("", batch).await.expect(200).json();
                let status = answer["entry"][0]["response"]["status"].as_str().unwrap();
                assert!(status.starts_with("422"), "{answer}");
                let all = records::bundle("transaction", &[("POST", "Binary", Some(context))]);
                caller.post("", all).await.expect(422);
            }
            replies.dedup();
            assert_eq!(replies.len(), 1, "{replies:#?}");
        }
        // The own patient's record is read, and gives the Binary its patient.
        let narrow = narrowed(&house, "system/Binary.c patient/Observation.rs");
        let id = narrow
            .create("Binary", naming(&format!("Observation/{own}")))
            .await;
        let path = format!("Binary/{id}");
        patient(&house, "patient/*.rs").get(&path).await.expect(200);
        let stranger = DemoUser::Patient {
            id: other.parse().unwrap(),
        };
        house.caller(&stranger).get(&path).await.expect(404);
    }
}

#[actix_web::test]
async fn a_binary_is_written_by_those_who_may_write_for_its_context() {
    let house = House::start().await;
    let Records { own, hidden, .. } = records(&house).await;
    // All observations may be read, and Binaries of the own patient written.
    let caller = narrowed(&house, "system/Observation.rs patient/Binary.cruds");
    let created = caller
        .post("Binary", naming(&format!("Observation/{own}")))
        .await;
    let id = created.expect(201).id();
    let foreign = naming(&format!("Observation/{hidden}"));
    caller.post("Binary", &foreign).await.expect(403);
    // Nor may one that is there be given another patient's context.
    let moved = records::with_id(foreign, &id);
    caller
        .put(&format!("Binary/{id}"), &moved)
        .await
        .expect(403);
    let system = house.caller(&DemoUser::System);
    system
        .put(&format!("Binary/{id}"), &moved)
        .await
        .expect(200);
    caller.get(&format!("Binary/{id}")).await.expect(404);
    assert!(!house.audits(HOME).await.is_empty());
}

#[actix_web::test]
async fn a_transaction_may_name_the_context_of_a_binary_in_any_order() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let mut bundle = records::bundle(
        "transaction",
        &[
            (
                "POST",
                "Binary",
                Some(naming("urn:uuid:0f3c2a3e-5a64-4b35-8a6e-2a1f6f9d7a11")),
            ),
            (
                "PUT",
                "Binary/b-2",
                Some(records::with_id(naming("Observation/o-2"), "b-2")),
            ),
            ("POST", "Observation", Some(records::observation(&id))),
            (
                "PUT",
                "Observation/o-2",
                Some(records::with_id(records::observation(&id), "o-2")),
            ),
        ],
    );
    bundle["entry"][2]["fullUrl"] = "urn:uuid:0f3c2a3e-5a64-4b35-8a6e-2a1f6f9d7a11".into();
    let answer = system.post("", bundle).await.expect(200).json();
    for (entry, kind) in [(0, "Binary/"), (1, "Binary/"), (2, "Observation/")] {
        let location = answer["entry"][entry]["response"]["location"].as_str();
        assert!(location.unwrap().contains(kind), "{answer}");
    }
    let own = house.caller_with(
        &DemoUser::Patient {
            id: id.parse().unwrap(),
        },
        |_| {},
    );
    own.get("Binary/b-2").await.expect(200);
}
