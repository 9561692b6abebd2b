//! A Binary is shown to those who may read what its `securityContext` names, as that
//! stands now (<https://hl7.org/fhir/R4/binary.html#security>).

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    hidden::seen,
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    a_context_decides_as_it_stands_now,
    a_version_goes_by_what_it_names_itself,
    a_context_of_several_patients_decides,
    a_look_is_in_the_audit_of_each_patient_of_the_context,
    pages_end_where_the_budget_does,
    what_a_context_hides_is_not_changed_either,
    a_binary_is_no_context,
}

const SHOWN: &str = "binary-1";
const ABSENT: &str = "binary-0";
const DOCUMENT: &str = "DocumentReference/d-1";

struct Site {
    house: House,
    system: Caller,
    clinician: Caller,
    /// The callers of two patients.
    patients: [Caller; 2],
}

impl Site {
    async fn on(kind: Kind) -> Self {
        Self::with(House::start_on(kind).await).await
    }

    async fn with(house: House) -> Self {
        let system = house.caller(&DemoUser::System);
        for id in ["p-0", "p-1"] {
            let record = records::with_id(records::patient(id), id);
            system
                .put(&format!("Patient/{id}"), record)
                .await
                .expect(201);
        }
        let patient = |id: &str| {
            let id = id.parse().unwrap();
            house.caller(&DemoUser::Patient { id })
        };
        Self {
            clinician: house.caller(&DemoUser::Clinician),
            patients: [patient("p-0"), patient("p-1")],
            system,
            house,
        }
    }

    async fn put(&self, path: &str, record: Value) {
        let (_, id) = path.split_once('/').unwrap();
        let reply = self.system.put(path, records::with_id(record, id)).await;
        assert!(matches!(reply.status, 200 | 201), "{}", reply.text);
    }

    async fn document(&self, path: &str, patient: &str) {
        let record = json!({
            "resourceType": "DocumentReference",
            "status": "current",
            "subject": {"reference": format!("Patient/{patient}")},
            "content": [{"attachment": {"contentType": "text/plain"}}],
        });
        self.put(path, record).await;
    }

    async fn binary(&self, id: &str, context: &str) {
        self.put(&format!("Binary/{id}"), binary(context)).await;
    }

    /// The Binary answers a caller as one does that is not there, whatever is asked.
    async fn is_hidden(&self, caller: &Caller, who: &str) {
        for (hidden, absent) in looks(SHOWN).iter().zip(looks(ABSENT)) {
            let hidden = hidden.send(caller, SHOWN).await;
            assert_eq!(hidden, absent.send(caller, ABSENT).await, "{who}");
        }
    }

    async fn is_shown(&self, caller: &Caller, who: &str) {
        for look in looks(SHOWN) {
            let (status, text, _) = look.send(caller, SHOWN).await;
            // The version may have changed since the one that `If-None-Match` names.
            let is_conditional = !look.headers.is_empty();
            let is_shown = status == 200 || (is_conditional && status == 304);
            assert!(is_shown, "{who}: {status} {} {text}", look.path);
            if look.path.contains("_id=") {
                let found = text.contains("\"total\":1") || text.contains("\"data\":\"eA==\"");
                assert!(found, "{who}: {} {text}", look.path);
            }
        }
    }
}

fn binary(context: &str) -> Value {
    json!({
        "resourceType": "Binary", "contentType": "text/plain", "data": "eA==",
        "securityContext": {"reference": context},
    })
}

struct Look {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, &'static str)>,
    body: Option<Value>,
}

impl Look {
    async fn send(&self, caller: &Caller, id: &str) -> (u16, String, Vec<String>) {
        let body = self.body.as_ref().map(Value::to_string);
        let reply = caller.send(self.method, &self.path, &self.headers, body);
        seen(&reply.await, id)
    }
}

/// Every way to look at a Binary.
fn looks(id: &str) -> Vec<Look> {
    let at = |method, path: String| Look {
        method,
        path,
        headers: Vec::new(),
        body: None,
    };
    let mut all: Vec<Look> = [
        "Binary/{id}",
        "Binary/{id}/_history/1",
        "Binary/{id}/_history",
        "Binary/{id}/_history?_since=2020-01-01T00:00:00Z",
        "Binary/{id}/$proof",
        "Binary/{id}/_history/1/$proof",
        "Binary?_id={id}",
        "Binary?_id={id}&_total=accurate",
        "Binary?_id={id}&_summary=count",
    ]
    .map(|path| at("GET", path.replace("{id}", id)))
    .into();
    all.push(at("HEAD", format!("Binary/{id}")));
    all.push(Look {
        headers: vec![("if-none-match", "W/\"1\"")],
        ..at("GET", format!("Binary/{id}"))
    });
    all
}

/// The looks of a batch, by the statuses and sizes of its entries.
async fn in_batch(caller: &Caller, id: &str) -> Vec<(String, usize)> {
    let paths = [
        format!("Binary/{id}"),
        format!("Binary/{id}/_history/1"),
        format!("Binary/{id}/_history"),
        format!("Binary?_id={id}"),
    ];
    let entries: Vec<_> = paths.iter().map(|path| ("GET", &**path, None)).collect();
    let answer = caller.post("", records::bundle("batch", &entries)).await;
    let answer = answer.expect(200).json();
    let entries = answer["entry"].as_array().unwrap().iter();
    let entry = |entry: &Value| {
        let status = entry["response"]["status"].as_str().unwrap()[..3].to_owned();
        let shown = entry["resource"]["entry"].as_array().map_or(0, Vec::len);
        (status, shown)
    };
    entries.map(entry).collect()
}

async fn a_context_decides_as_it_stands_now(kind: Kind) {
    let site = Site::on(kind).await;
    let [first, second] = &site.patients;
    site.document(DOCUMENT, "p-0").await;
    site.binary(SHOWN, DOCUMENT).await;
    for (who, caller) in [
        ("first", first),
        ("clinician", &site.clinician),
        ("system", &site.system),
    ] {
        site.is_shown(caller, who).await;
    }
    site.is_hidden(second, "second").await;
    let batch = in_batch(&site.clinician, SHOWN).await;
    let expected = [("200", 0), ("200", 0), ("200", 1), ("200", 1)];
    assert_eq!(batch, expected.map(|(status, n)| (status.to_owned(), n)));

    // The document was another patient's: it is neither's until it is written again.
    site.document(DOCUMENT, "p-1").await;
    site.is_hidden(first, "first").await;
    let opens = site.house.app.counters.opens();
    site.is_hidden(second, "second").await;
    assert_eq!(site.house.app.counters.opens(), opens, "clear facts deny");
    site.is_shown(&site.clinician, "clinician").await;
    site.binary(SHOWN, DOCUMENT).await;
    second.get("Binary/binary-1").await.expect(200);
    first.get("Binary/binary-1").await.expect(404);
    // And back again.
    site.document(DOCUMENT, "p-0").await;
    site.binary(SHOWN, DOCUMENT).await;
    site.is_shown(&site.clinician, "clinician").await;

    site.system.delete(DOCUMENT).await.expect(204);
    for (who, caller) in [
        ("first", first),
        ("second", second),
        ("clinician", &site.clinician),
        ("system", &site.system),
    ] {
        site.is_hidden(caller, who).await;
    }
    let batch = in_batch(&site.clinician, SHOWN).await;
    assert_eq!(batch, in_batch(&site.clinician, ABSENT).await);

    // Whoever may write the record again, or name another one, makes it seen.
    site.document(DOCUMENT, "p-0").await;
    site.is_shown(&site.clinician, "clinician").await;
    first.get("Binary/binary-1").await.expect(200);
    site.system.delete(DOCUMENT).await.expect(204);
    site.binary(SHOWN, "Patient/p-0").await;
    first.get("Binary/binary-1").await.expect(200);
    first.get("Binary/binary-1/_history/3").await.expect(404);
    // Or it is deleted, and its past stays hidden.
    site.system.delete("Binary/binary-1").await.expect(204);
    first.get("Binary/binary-1").await.expect(410);
    site.system
        .get("Binary/binary-1/_history/1")
        .await
        .expect(404);
}

async fn a_version_goes_by_what_it_names_itself(kind: Kind) {
    let site = Site::on(kind).await;
    let [first, _] = &site.patients;
    let documents = [DOCUMENT, "DocumentReference/d-2"];
    for document in documents {
        site.document(document, "p-0").await;
        site.binary(SHOWN, document).await;
    }
    let history = "Binary/binary-1/_history";
    assert_eq!(first.found(history).await, 2);
    for (at, document) in documents.into_iter().enumerate() {
        site.system.delete(document).await.expect(204);
        for (number, left) in [(1, at != 0), (2, at != 1)] {
            let status = if left { 200 } else { 404 };
            for caller in [first, &site.clinician] {
                let path = format!("{history}/{number}");
                caller.get(&path).await.expect(status);
                caller.get(&format!("{path}/$proof")).await.expect(status);
            }
        }
        let newest = if at == 1 { 404 } else { 200 };
        first.get("Binary/binary-1").await.expect(newest);
        assert_eq!(first.found(history).await, 1, "{document}");
        site.document(document, "p-0").await;
    }
    // A delete goes by what it ended.
    site.system.delete("Binary/binary-1").await.expect(204);
    first.get("Binary/binary-1").await.expect(410);
    site.system.delete(documents[1]).await.expect(204);
    first.get("Binary/binary-1").await.expect(404);
    assert_eq!(first.found(history).await, 1);
}

fn group(members: &[&str]) -> Value {
    let member = |id: &&str| json!({"entity": {"reference": format!("Patient/{id}")}});
    json!({
        "resourceType": "Group", "type": "person", "actual": true,
        "member": members.iter().map(member).collect::<Vec<_>>(),
    })
}

async fn a_context_of_several_patients_decides(kind: Kind) {
    let site = Site::on(kind).await;
    let [first, second] = &site.patients;
    site.put("Group/gg", group(&["p-0", "p-1"])).await;
    site.binary(SHOWN, "Group/gg").await;
    site.is_shown(&site.clinician, "clinician").await;
    for (who, caller) in [("first", first), ("second", second)] {
        site.is_hidden(caller, who).await;
    }
    // One patient's services see neither the group nor the Binary.
    let narrowed = site.house.caller_with(&DemoUser::System, |claims| {
        claims["scope"] = "system/Binary.cruds patient/Group.rs".into();
        claims["patient"] = "p-0".into();
    });
    site.is_hidden(&narrowed, "narrowed").await;
    site.put("Group/gg", group(&["p-0"])).await;
    narrowed.get("Binary/binary-1").await.expect(200);
    site.put("Group/gg", group(&["p-1"])).await;
    site.is_hidden(&narrowed, "narrowed").await;
    site.is_hidden(first, "first").await;
    site.system.delete("Group/gg").await.expect(204);
    site.is_hidden(&site.clinician, "clinician").await;
}

async fn a_look_is_in_the_audit_of_each_patient_of_the_context(kind: Kind) {
    let site = Site::on(kind).await;
    let auditor = site.house.caller(&DemoUser::Auditor);
    let events = async |patient: &str| {
        let path = format!("AuditEvent?patient={patient}&_summary=count");
        let counted = auditor.get(&path).await.expect(200).json();
        counted["total"].as_u64().unwrap()
    };
    site.put("Group/gg", group(&["p-0", "p-1"])).await;
    site.document(DOCUMENT, "p-0").await;
    for (context, concerned) in [("Group/gg", [1, 1]), (DOCUMENT, [1, 0])] {
        site.binary(SHOWN, context).await;
        for look in looks(SHOWN) {
            // The first version goes by the group.
            let of_first = look.path.contains("/_history");
            if of_first && context != "Group/gg" {
                continue;
            }
            let before = [events("p-0").await, events("p-1").await];
            look.send(&site.clinician, SHOWN).await;
            let after = [events("p-0").await, events("p-1").await];
            let more = [after[0] - before[0], after[1] - before[1]];
            let shows = !look.path.contains("_summary");
            let expected = if shows { concerned } else { [0, 0] };
            assert_eq!(more, expected, "{context}: {} {}", look.method, look.path);
        }
    }
}

async fn pages_end_where_the_budget_does(kind: Kind) {
    let house = House::start_with(kind, |settings| settings.limits.opened_records = 5);
    let site = Site::with(house.await).await;
    // Each Binary, and each version of the last, names a document of its own.
    let documents = [0, 2, 1].map(|number| format!("DocumentReference/d-{number}"));
    for (id, document) in ["binary-0", "binary-2", SHOWN].iter().zip(&documents) {
        site.document(document, "p-0").await;
        site.binary(id, document).await;
        if *id != SHOWN {
            site.binary(SHOWN, document).await;
        }
    }
    for (first, all) in [("Binary", 3), ("Binary/binary-1/_history", 3)] {
        let mut page = site.clinician.get(first).await.expect(200);
        let mut found = page.resources().len();
        assert_eq!(found, 2, "{first}");
        while let Some(next) = page.next() {
            page = site.clinician.get(&next).await.expect(200);
            found += page.resources().len();
        }
        assert_eq!(found, all, "{first}");
    }
    let estimate = "Binary?_total=estimate&_count=0";
    let counted = site.clinician.get(estimate).await.expect(200).json();
    assert_eq!(counted.get("total"), None);
}

/// Whoever may write Binaries and read nothing else gets the answers of one that is not
/// there, and changes nothing.
async fn what_a_context_hides_is_not_changed_either(kind: Kind) {
    let site = Site::on(kind).await;
    site.document(DOCUMENT, "p-0").await;
    site.binary(SHOWN, DOCUMENT).await;
    let scope = |claims: &mut Value| claims["scope"] = "user/Binary.cruds".into();
    let narrow = site.house.caller_with(&DemoUser::Clinician, scope);
    narrow.get(&format!("Binary/{SHOWN}")).await.expect(404);
    let bare = |id: &str| {
        let bare = json!({"resourceType": "Binary", "contentType": "text/plain", "data": "eA=="});
        records::with_id(bare, id)
    };
    let answers = async |id: &str| {
        let path = format!("Binary/{id}");
        let body = bare(id).to_string();
        let mut statuses = Vec::new();
        for (method, headers, body) in [
            ("PUT", &[][..], Some(body.clone())),
            ("PUT", &[("if-match", "W/\"1\"")], Some(body.clone())),
            ("PUT", &[("if-match", "W/\"9\"")], Some(body.clone())),
            ("DELETE", &[], None),
            ("DELETE", &[("if-match", "W/\"9\"")], None),
        ] {
            let reply = narrow.send(method, &path, headers, body).await;
            assert!(reply.header("etag").is_none(), "{method}: {}", reply.text);
            statuses.push(reply.status);
        }
        let entries = [
            ("GET", path.as_str(), None),
            ("DELETE", path.as_str(), None),
            ("PUT", path.as_str(), Some(bare(id))),
        ];
        let batch = narrow.post("", records::bundle("batch", &entries)).await;
        let batch = batch.expect(200).json();
        for entry in batch["entry"].as_array().unwrap() {
            let status = entry["response"]["status"].as_str().unwrap();
            statuses.push(status[..3].parse().unwrap());
        }
        statuses
    };
    let hidden = answers(SHOWN).await;
    assert_eq!(hidden, answers(ABSENT).await);
    assert_eq!(hidden, [403, 403, 403, 403, 403, 404, 403, 403]);
    let [first, _] = &site.patients;
    site.is_shown(first, "the patient").await;
    let there = site
        .system
        .get(&format!("Binary/{SHOWN}"))
        .await
        .expect(200);
    assert_eq!(there.json()["meta"]["versionId"], "1");
    // Who may read the document may change the Binary.
    let clinician = &site.clinician;
    let path = format!("Binary/{SHOWN}");
    let body = records::with_id(binary(DOCUMENT), SHOWN);
    clinician.put(&path, body).await.expect(200);
    clinician.delete(&path).await.expect(204);
}

async fn a_binary_is_no_context(kind: Kind) {
    let site = Site::on(kind).await;
    site.document(DOCUMENT, "p-0").await;
    site.binary(SHOWN, DOCUMENT).await;
    for context in [format!("Binary/{SHOWN}"), "Binary/absent".to_owned()] {
        let refused = site
            .system
            .post("Binary", binary(&context))
            .await
            .expect(422);
        assert!(
            refused.text.contains("must not name a Binary"),
            "{}",
            refused.text
        );
    }
}
