//! `_include` and `_revinclude`: each record once, never counted, decided as a match is, and
//! all of a page or a refusal.

use crate::{
    caller::Caller,
    compartment::{matches, shown},
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    what_matches_refer_to_stands_beside_them,
    what_refers_to_matches_stands_beside_them,
    what_refers_is_looked_for_in_types_that_are_not_too_large,
    included_records_are_followed_where_that_is_asked,
    hidden_and_absent_records_are_left_out,
    too_much_for_a_page_is_refused,
    values_that_are_not_read_are_refused,
    what_is_listed_is_what_is_taken,
}

struct Site {
    house: House,
    system: Caller,
}

fn reference(to: &str) -> Value {
    json!({"reference": to})
}

impl Site {
    async fn on(kind: Kind) -> Self {
        Self::with(kind, |_| {}).await
    }

    async fn with(kind: Kind, change: impl FnOnce(&mut gateway::Limits)) -> Self {
        let house = House::start_with(kind, |settings| change(&mut settings.limits)).await;
        let system = house.caller(&DemoUser::System);
        let site = Self { house, system };
        let mut organization = json!({"resourceType": "Organization", "name": records::NAME});
        site.put("Organization", "top", organization.clone()).await;
        organization["partOf"] = reference("Organization/top");
        site.put("Organization", "part", organization).await;
        for id in ["a", "b"] {
            let mut patient = records::patient(id);
            patient["managingOrganization"] = reference("Organization/part");
            site.put("Patient", id, patient).await;
        }
        site.put("Practitioner", "p", records::practitioner()).await;
        for (id, patient) in [("one", "a"), ("two", "a"), ("other", "b")] {
            let mut one = records::observation(patient);
            one["performer"] = json!([
                reference("Practitioner/p"),
                reference("Practitioner/absent")
            ]);
            if id == "two" {
                one["derivedFrom"] = json!([reference("Observation/one")]);
            }
            site.put("Observation", id, one).await;
        }
        // Sealed under nobody.
        let provenance = json!({
            "resourceType": "Provenance", "target": [reference("Observation/one")],
            "recorded": "2020-01-01T00:00:00Z", "agent": [{"who": reference("Practitioner/p")}],
        });
        site.put("Provenance", "of-one", provenance).await;
        site.house.index().await;
        site
    }

    async fn put(&self, kind: &str, id: &str, body: Value) {
        let body = records::with_id(body, id);
        self.system
            .put(&format!("{kind}/{id}"), body)
            .await
            .expect(201);
    }

    /// Matches and what stands beside them, each sorted.
    async fn found(&self, path: &str) -> (Vec<String>, Vec<String>) {
        let reply = self.system.get(path).await.expect(200);
        let (mut found, mut beside) = (matches(&reply), shown(&reply, "include"));
        found.sort();
        beside.sort();
        (found, beside)
    }

    async fn beside(&self, path: &str) -> Vec<String> {
        self.found(path).await.1
    }
}

async fn what_matches_refer_to_stands_beside_them(kind: Kind) {
    let site = Site::on(kind).await;
    for (query, expected) in [
        ("_include=Observation:performer", vec!["Practitioner/p"]),
        ("_include=Observation:subject", vec!["Patient/a"]),
        ("_include=Observation:subject:Group", vec![]),
        (
            "_include=Observation:patient&_include=Observation:performer",
            vec!["Patient/a", "Practitioner/p"],
        ),
        ("_include=*", vec!["Patient/a", "Practitioner/p"]),
        (
            "_include=Observation:*",
            vec!["Patient/a", "Practitioner/p"],
        ),
        ("_include=Condition:subject", vec![]),
        // A match is no include.
        ("_include=Observation:derived-from", vec![]),
    ] {
        let path = format!("Observation?patient=a&_total=accurate&{query}");
        let reply = site.system.get(&path).await.expect(200);
        let mut beside = shown(&reply, "include");
        beside.sort();
        assert_eq!(beside, expected, "{query}");
        assert_eq!(matches(&reply).len(), 2, "{query}");
        assert_eq!(reply.json()["total"], 2, "{query}");
        let link = reply.link("self").unwrap();
        assert!(link.contains("_include="), "{link}");
    }
    // Anywhere, in a compartment and in a form.
    for path in [
        "Observation?_id=one&_include=Observation:performer",
        "Patient/a/Observation?_include=Observation:performer",
        "Patient/a/*?_type=Observation&_include=Observation:performer",
    ] {
        assert_eq!(site.beside(path).await, ["Practitioner/p"], "{path}");
    }
    // On each page what belongs to its matches.
    let path = "Observation?patient=a&_count=1&_include=Observation:performer";
    let first = site.system.get(path).await.expect(200);
    let next = first.next().unwrap();
    let next = next.rsplit_once("/fhir/").unwrap().1;
    for path in [path, next] {
        let (found, beside) = site.found(path).await;
        assert_eq!(
            (found.len(), beside),
            (1, vec!["Practitioner/p".to_owned()])
        );
    }
    assert_eq!(
        site.beside("Observation?patient=a&_include=*&_summary=count")
            .await,
        Vec::<String>::new()
    );
}

async fn what_refers_to_matches_stands_beside_them(kind: Kind) {
    let site = Site::on(kind).await;
    for (path, expected) in [
        (
            "Observation?patient=a&_revinclude=Provenance:target",
            vec!["Provenance/of-one"],
        ),
        (
            "Observation?patient=b&_revinclude=Provenance:target",
            vec![],
        ),
        (
            "Observation?patient=a&_revinclude=Provenance:target:Patient",
            vec![],
        ),
        (
            "Observation?patient=a&_id=one&_revinclude=Observation:derived-from",
            vec!["Observation/two"],
        ),
        (
            "Observation?patient=a&_id=one&_revinclude=Observation:*",
            vec!["Observation/two"],
        ),
        (
            "Patient/a/*?_type=Patient&_revinclude=Observation:subject",
            vec!["Observation/one", "Observation/two"],
        ),
        (
            "Patient?_id=a&_revinclude=Observation:subject",
            vec!["Observation/one", "Observation/two"],
        ),
        (
            "Patient?_id=a,b&_revinclude=Observation:patient",
            vec!["Observation/one", "Observation/other", "Observation/two"],
        ),
        // Outside one patient.
        (
            "Observation?_id=one&_revinclude=Provenance:target",
            vec!["Provenance/of-one"],
        ),
        (
            "Observation?_id=one,other&_revinclude=Observation:derived-from",
            vec!["Observation/two"],
        ),
        ("Patient?_id=a,b&_revinclude=Observation:performer", vec![]),
    ] {
        assert_eq!(site.beside(path).await, expected, "{path}");
    }
}

async fn what_refers_is_looked_for_in_types_that_are_not_too_large(kind: Kind) {
    let site = Site::with(kind, |limits| limits.searched_cards = 2).await;
    for (path, expected) in [
        (
            "Observation?_id=one&_revinclude=Provenance:target",
            vec!["Provenance/of-one"],
        ),
        // Within a patient those of others do not count.
        (
            "Observation?patient=b&_revinclude=Observation:derived-from",
            vec![],
        ),
        // No cards are read for these.
        (
            "Patient?_id=a,b&_revinclude=Observation:subject",
            vec!["Observation/one", "Observation/other", "Observation/two"],
        ),
    ] {
        assert_eq!(site.beside(path).await, expected, "{path}");
    }
    let path = "Observation?_id=one&_revinclude=Observation:derived-from";
    let refused = site.system.get(path).await.expect(422);
    assert_eq!(refused.issue(), "too-costly");
    assert!(refused.text.contains("patient=<id>"), "{}", refused.text);
}

async fn included_records_are_followed_where_that_is_asked(kind: Kind) {
    let site = Site::on(kind).await;
    let chain = "_include=Observation:subject&_include{m}=Patient:organization&_include{m}=Organization:partof";
    let path = |modifier: &str| format!("Observation?patient=a&{}", chain.replace("{m}", modifier));
    assert_eq!(site.beside(&path("")).await, ["Patient/a"]);
    let all = ["Organization/part", "Organization/top", "Patient/a"];
    assert_eq!(site.beside(&path(":iterate")).await, all);
    let back = "Observation?patient=a&_id=two&_include=Observation:derived-from&_revinclude:iterate=Provenance:target";
    assert_eq!(
        site.beside(back).await,
        ["Observation/one", "Provenance/of-one"]
    );
}

async fn hidden_and_absent_records_are_left_out(kind: Kind) {
    let site = Site::on(kind).await;
    let mut crossing = records::observation("a");
    crossing["derivedFrom"] = json!([
        reference("Observation/other"),
        reference("Observation/absent")
    ]);
    site.put("Observation", "crossing", crossing).await;
    let path = "Observation?patient=a&_id=crossing&_include=*";
    assert_eq!(site.beside(path).await, ["Observation/other", "Patient/a"]);
    let own = site.house.caller(&DemoUser::Patient {
        id: "a".parse().unwrap(),
    });
    let reply = own.get(path).await.expect(200);
    assert_eq!(shown(&reply, "include"), ["Patient/a"]);
    assert_eq!(reply.json()["entry"].as_array().unwrap().len(), 2);
    // A type that the caller may not search.
    let narrow = site.house.caller_with(&DemoUser::System, |claims| {
        claims["scope"] = "system/Observation.rs".into();
    });
    let path = "Observation?patient=a&_include=*&_revinclude=Provenance:target";
    let reply = narrow.get(path).await.expect(200);
    assert_eq!(shown(&reply, "include"), ["Observation/other"]);
    site.system.delete("Practitioner/p").await;
    assert_eq!(
        site.beside("Observation?_id=one&_include=Observation:performer")
            .await,
        Vec::<String>::new()
    );
}

async fn too_much_for_a_page_is_refused(kind: Kind) {
    let site = Site::on(kind).await;
    let members: Vec<Value> = (0..1_001)
        .map(|n| json!({"entity": reference(&format!("Device/d{n}"))}))
        .collect();
    let group =
        json!({"resourceType": "Group", "type": "device", "actual": true, "member": members});
    site.put("Group", "many", group).await;
    let refused = site
        .system
        .get("Group?_id=many&_include=Group:member")
        .await
        .expect(400);
    assert_eq!(refused.issue(), "too-costly");
    assert!(refused.text.contains("_count"), "{}", refused.text);
}

async fn values_that_are_not_read_are_refused(kind: Kind) {
    let site = Site::on(kind).await;
    for (query, code) in [
        ("_include=Observation", "value"),
        ("_include=Observation:code", "value"),
        ("_include=Zebra:subject", "value"),
        ("_include=Observation:subject:Zebra", "value"),
        ("_include=Observation:subject:Patient:x", "value"),
        ("_include:all=*", "not-supported"),
        ("_revinclude=*", "too-costly"),
        ("_revinclude=AuditEvent:patient", "value"),
        ("_revinclude=", "value"),
    ] {
        let refused = site
            .system
            .get(&format!("Observation?patient=a&{query}"))
            .await
            .expect(400);
        assert_eq!(refused.issue(), code, "{query}: {}", refused.text);
    }
}

async fn what_is_listed_is_what_is_taken(kind: Kind) {
    let site = Site::on(kind).await;
    let system = site.system.at(HOME);
    let statement = system.get("metadata").await.expect(200).json();
    let resources = statement["rest"][0]["resource"].as_array().unwrap();
    let of = |name: &str| resources.iter().find(|one| one["type"] == name).unwrap();
    let observation = of("Observation");
    let listed = |list: &str| {
        let all = observation[list].as_array().unwrap().iter();
        let names = all.map(|one| one.as_str().unwrap().to_owned());
        names.collect::<Vec<String>>()
    };
    let (forward, reverse) = (listed("searchInclude"), listed("searchRevInclude"));
    assert!(
        forward.contains(&"*".to_owned())
            && reverse.contains(&"Observation:derived-from".to_owned())
    );
    // As many as a search may have.
    for (name, values) in [("_include", forward), ("_revinclude", reverse)] {
        for some in values.chunks(20) {
            let asked: Vec<String> = some
                .iter()
                .map(|value| format!("&{name}={value}"))
                .collect();
            let path = format!("Observation?patient=a{}", asked.concat());
            site.system.get(&path).await.expect(200);
        }
    }
    let operations = of("Patient")["operation"].to_string();
    assert!(operations.contains("OperationDefinition/Patient-everything"));
    assert!(!observation["operation"].to_string().contains("everything"));
    assert_eq!(of("AuditEvent").get("searchInclude"), None);
}
