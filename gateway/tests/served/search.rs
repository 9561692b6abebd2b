//! How the answer to a search is wanted: totals, counts, links, and what is refused.

use crate::{
    caller::{Caller, Reply},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use serde_json::Value;

fn link(page: &Reply, relation: &str) -> Option<String> {
    let body = page.json();
    let links = body["link"].as_array()?.clone();
    let link = links.iter().find(|link| link["relation"] == relation)?;
    Some(link["url"].as_str()?.to_owned())
}

async fn total(caller: &Caller, query: &str) -> Value {
    caller.get(query).await.expect(200).json()["total"].clone()
}

#[actix_web::test]
async fn a_total_counts_what_the_caller_may_see() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let own = system.create("Patient", records::patient("own")).await;
    let other = system.create("Patient", records::patient("other")).await;
    for of in [&own, &own, &other, &other, &other] {
        system.create("Observation", records::observation(of)).await;
    }
    let patient = house.caller(&DemoUser::Patient {
        id: own.parse().unwrap(),
    });
    for (caller, all) in [(&system, 5), (&patient, 2)] {
        for query in [
            "Observation?_total=accurate",
            "Observation?_total=estimate",
            "Observation?_total=accurate&_count=1",
            "Observation?_total=accurate&_count=1&_sort=-_lastUpdated",
            "Observation?_count=0",
            "Observation?_summary=count",
            "Observation?_count=0&_lastUpdated=gt2000",
        ] {
            assert_eq!(total(caller, query).await, all, "{query}");
        }
    }
    for query in [
        "Observation",
        "Observation?_total=none",
        "Observation?_count=1",
    ] {
        assert_eq!(total(&patient, query).await, Value::Null, "{query}");
    }
    assert_eq!(
        total(&patient, &format!("Observation?patient={other}&_count=0")).await,
        0
    );
    let counted = patient.get("Observation?_count=0").await.expect(200);
    assert!(counted.resources().is_empty());
    assert_eq!(counted.next(), None);
    // What was counted was not shown, and the audit does not say it was.
    let audits = house.audits(HOME).await;
    assert_eq!(audits[0].subject, None);
}

#[actix_web::test]
async fn there_is_a_next_link_when_there_is_more_to_see() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let own = system.create("Patient", records::patient("own")).await;
    let other = system.create("Patient", records::patient("other")).await;
    for of in [&own, &other, &own, &other, &other] {
        system.create("Observation", records::observation(of)).await;
    }
    let patient = house.caller(&DemoUser::Patient {
        id: own.parse().unwrap(),
    });
    for sort in ["", "&_sort=_lastUpdated", "&_sort=-_lastUpdated"] {
        let all = patient
            .get(&format!("Observation?_count=2{sort}"))
            .await
            .expect(200);
        assert_eq!((all.resources().len(), all.next()), (2, None), "{sort}");
        let one = patient
            .get(&format!("Observation?_count=1{sort}"))
            .await
            .expect(200);
        assert_eq!(one.resources().len(), 1);
        let last = patient.get(&one.next().unwrap()).await.expect(200);
        assert_eq!((last.resources().len(), last.next()), (1, None), "{sort}");
        assert_ne!(one.resources()[0]["id"], last.resources()[0]["id"]);
    }
    let both = format!("Patient?_id={own},{other}&_count=1");
    let page = system.get(&both).await.expect(200);
    assert_eq!(page.resources().len(), 1);
    assert!(page.next().is_some());
}

#[actix_web::test]
async fn links_say_what_was_applied() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    for _ in 0..3 {
        system.create("Patient", records::patient("a")).await;
    }
    let strict = "Patient?identifier=a&_sort=-_lastUpdated&_total=accurate&_count=1\
                  &_lastUpdated=ge2000";
    let page = system.get(strict).await.expect(200);
    let own = link(&page, "self").unwrap();
    for applied in [
        "identifier=a",
        "_sort=-_lastUpdated",
        "_total=accurate",
        "_count=1",
        "ge2000",
    ] {
        assert!(own.contains(applied), "{own}");
    }
    assert_eq!(link(&page, "first").as_deref(), Some(own.as_str()));
    let second = system.get(&page.next().unwrap()).await.expect(200);
    assert_eq!(link(&second, "first"), Some(own.clone()));
    assert_eq!(
        second.json()["total"],
        Value::Null,
        "a total stands on the first page"
    );

    let loose = "Patient?identifier=a&near=x&_sort=near&code=y&_count=1";
    assert_eq!(system.get(loose).await.expect(400).issue(), "not-supported");
    let lenient = [("prefer", "handling=lenient")];
    let page = system.send("GET", loose, &lenient, None).await.expect(200);
    let own = link(&page, "self").unwrap();
    assert!(own.ends_with("/Patient?identifier=a&_count=1"), "{own}");
    let outcome = &page.json()["entry"][1];
    assert_eq!(outcome["search"]["mode"], "outcome", "{outcome}");
    assert_eq!(outcome["resource"]["issue"][0]["code"], "not-supported");
    let known = "Patient?identifier=a&_count=1";
    let page = system.send("GET", known, &lenient, None).await.expect(200);
    assert_eq!(page.json()["entry"].as_array().unwrap().len(), 1);
    // The next link goes on as the search began, also without the header.
    assert_eq!(
        system
            .get(&page.next().unwrap())
            .await
            .expect(200)
            .resources()
            .len(),
        1
    );
}

/// What a search means the opposite without is refused whatever the request allows
/// (R4, search, "Modifiers").
#[actix_web::test]
async fn no_modifier_is_ignored() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let auditor = house.caller(&DemoUser::Auditor);
    let lenient = [("prefer", "handling=lenient")];
    // On Observation some are answered once each record has its index card.
    for (asked, status) in [
        ("subject:Group=a", 503),
        ("patient:identifier=a", 503),
        ("patient.identifier=a", 400),
        ("_id:not=a", 400),
        ("_lastUpdated:missing=true", 503),
        ("code:text=a", 400),
        ("_has:Provenance:target:agent=a", 400),
    ] {
        let of_audit = (&auditor, "AuditEvent", 400);
        for (caller, kind, status) in [(&system, "Observation", status), of_audit] {
            let asked = format!("{kind}?{asked}");
            for prefer in [&[][..], &lenient] {
                let reply = caller.send("GET", &asked, prefer, None).await;
                assert_eq!(reply.status, status, "{asked}");
                let issue = if status == 503 {
                    "transient"
                } else {
                    "not-supported"
                };
                assert_eq!(reply.issue(), issue, "{asked}");
            }
        }
    }
}

#[actix_web::test]
async fn what_is_not_offered_is_refused_clearly() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let many = |count: usize| vec!["a"; count].join(",");
    for (query, status, issue) in [
        ("_sort=near".to_owned(), 400, "not-supported"),
        ("_sort=_lastUpdated,_id".to_owned(), 400, "not-supported"),
        ("_total=all".to_owned(), 400, "value"),
        ("_summary=all".to_owned(), 400, "value"),
        ("_elements=".to_owned(), 400, "value"),
        ("_elements=nothing".to_owned(), 400, "value"),
        ("_elements=name&_summary=true".to_owned(), 400, "invalid"),
        ("_lastUpdated=yesterday".to_owned(), 400, "value"),
        ("_lastUpdated=gt".to_owned(), 400, "value"),
        ("_lastUpdated:exact=true".to_owned(), 400, "not-supported"),
        (
            format!("_lastUpdated={}", vec!["2026"; 21].join(",")),
            400,
            "value",
        ),
        (format!("identifier={}", many(501)), 413, "too-costly"),
    ] {
        let reply = system.get(&format!("Patient?{query}")).await.expect(status);
        assert_eq!(reply.issue(), issue, "{query}");
    }
    system
        .get(&format!("Patient?identifier={}", many(500)))
        .await
        .expect(200);
}

#[actix_web::test]
async fn a_history_can_be_asked_since_a_time() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let path = format!("Patient/{id}");
    let mut times = Vec::new();
    for number in 2..=4 {
        actix_web::rt::time::sleep(std::time::Duration::from_millis(3)).await;
        let body = records::with_id(records::patient(&format!("v{number}")), &id);
        let reply = system.put(&path, body).await.expect(200).json();
        times.push(reply["meta"]["lastUpdated"].as_str().unwrap().to_owned());
    }
    let history = async |query: &str| {
        let mut page = system
            .get(&format!("{path}/_history?{query}"))
            .await
            .expect(200);
        let mut versions = Vec::new();
        loop {
            for resource in page.resources() {
                versions.push(resource["meta"]["versionId"].as_str().unwrap().to_owned());
            }
            let Some(next) = page.next() else {
                break versions;
            };
            page = system.get(&next).await.expect(200);
        }
    };
    assert_eq!(history(&format!("_since={}", times[1])).await, ["4", "3"]);
    assert_eq!(
        history(&format!("_count=1&_since={}", times[0])).await,
        ["4", "3", "2"]
    );
    assert_eq!(history("_since=2000").await, ["4", "3", "2", "1"]);
    assert!(history("_since=9000").await.is_empty());
    system
        .get(&format!("{path}/_history?_since=now"))
        .await
        .expect(400);
    // Nothing since then is no way to learn whether there is such a record.
    let stranger = house.caller(&DemoUser::Patient {
        id: "nobody".parse().unwrap(),
    });
    for hidden in [path.as_str(), "Patient/nothing"] {
        stranger
            .get(&format!("{hidden}/_history?_since=9000"))
            .await
            .expect(404);
    }
}

#[actix_web::test]
async fn audit_events_are_found_by_time() {
    let house = House::start().await;
    let system = house.caller(&DemoUser::System);
    let mut times = Vec::new();
    for _ in 0..4 {
        let made = system
            .post("Patient", records::patient("a"))
            .await
            .expect(201);
        times.push(
            made.json()["meta"]["lastUpdated"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
        actix_web::rt::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    let auditor = house.caller(&DemoUser::Auditor);
    let events = async |query: String| {
        let mut page = auditor
            .get(&format!("AuditEvent?{query}"))
            .await
            .expect(200);
        let mut found = Vec::new();
        loop {
            for event in page.resources() {
                found.push(event["recorded"].as_str().unwrap().to_owned());
            }
            let Some(next) = page.next() else { break found };
            page = auditor.get(&next).await.expect(200);
        }
    };
    let (second, third) = (&times[1], &times[2]);
    let between = format!("_lastUpdated=ge{second}&_lastUpdated=le{third}");
    for more in ["", "&_count=1", "&_sort=-_lastUpdated"] {
        let found = events(format!("{between}{more}")).await;
        assert_eq!(found, [third.clone(), second.clone()], "{more}");
    }
    let apart = events(format!("_lastUpdated={},{third}&_count=1", times[0])).await;
    assert_eq!(apart, [third.clone(), times[0].clone()]);
    assert!(events("_lastUpdated=lt2000".to_owned()).await.is_empty());
    auditor
        .get("AuditEvent?_sort=_lastUpdated")
        .await
        .expect(400);
    auditor.get("AuditEvent?_lastUpdated=x").await.expect(400);
}
