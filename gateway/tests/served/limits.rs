//! Who asks too much is told to wait: requests by user and by client, requests without a
//! token by address, denials by user and by client, records opened and query texts.

use crate::{
    caller::{Caller, Reply},
    database::Kind,
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use gateway::Rate;

async fn house(change: impl FnOnce(&mut gateway::Limits)) -> House {
    House::start_with(Kind::Sqlite, |settings| change(&mut settings.limits)).await
}

fn told_to_wait(reply: Reply) {
    let reply = reply.expect(429);
    assert_eq!(reply.issue(), "throttled");
    let seconds: u32 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3_600).contains(&seconds));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn a_client_that_asks_too_often_waits_and_others_do_not() {
    let rate = Some(Rate {
        per_second: 1,
        burst: 20,
    });
    let house = house(|limits| {
        limits.client_requests = rate;
        limits.user_requests = rate;
    })
    .await;
    let system = house.caller(&DemoUser::System);
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(system.get("Patient?_count=1").await.status);
    }
    let let_in = statuses.iter().filter(|status| **status == 200).count();
    assert!((20..40).contains(&let_in), "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 429].contains(status)));
    told_to_wait(system.get("Patient?_count=1").await);
    house
        .caller(&DemoUser::Clinician)
        .get("Patient")
        .await
        .expect(200);
    // What was not answered is not audited one by one.
    assert!(house.audits(HOME).await.len() <= let_in + 5);
    // The same for whoever sends no valid token; the health check is for all.
    let nobody = house.anyone();
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(nobody.get("Patient").await.status);
    }
    assert!(
        statuses.contains(&401) && statuses.contains(&429),
        "{statuses:?}"
    );
    nobody.get("/healthz").await.expect(200);
}

/// The numbers of the defaults, one by one: `gateway/src/limits/rates/tests.rs`.
#[actix_web::test]
async fn a_house_has_rates_though_none_are_configured() {
    let house = house(|limits| *limits = gateway::Limits::default()).await;
    let clinician = house.caller(&DemoUser::Clinician);
    // Entries that are refused each for itself, at once.
    let batch = |entries: usize| {
        let entries = vec![("PATCH", "Patient/1", None); entries];
        records::bundle("batch", &entries)
    };
    clinician.post("", batch(500)).await.expect(200);
    clinician.get("Patient").await.expect(200);
    // Twenty seconds' worth.
    clinician.post("", batch(10_000)).await.expect(200);
    told_to_wait(clinician.get("Patient").await);
    house
        .caller(&DemoUser::System)
        .get("Patient")
        .await
        .expect(200);
    house.clock.set(21);
    clinician.get("Patient").await.expect(200);
}

#[actix_web::test]
async fn denials_are_audited_within_a_budget() {
    let house = house(|limits| limits.user_denials_per_minute = 10).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let admin = house.caller(&DemoUser::Admin);
    let before = house.audits(HOME).await.len();
    // Hidden and absent count alike.
    for number in 0..10 {
        let path = if number % 2 == 0 {
            "Patient/absent".to_owned()
        } else {
            format!("Patient/{id}")
        };
        admin.get(&path).await.expect(404);
    }
    for path in [
        format!("Patient/{id}"),
        "Patient".to_owned(),
        "Patient/absent".to_owned(),
    ] {
        told_to_wait(admin.get(&path).await);
    }
    let audits = house.audits(HOME).await.len() - before;
    assert_eq!(
        audits, 10,
        "what was told to wait is not audited one by one"
    );
    system.get(&format!("Patient/{id}")).await.expect(200);
}

#[actix_web::test]
async fn a_denied_look_at_the_log_costs_what_a_denied_request_costs() {
    let house = House::start_with(Kind::Sqlite, |settings| {
        settings.log_public = false;
        settings.limits.user_denials_per_minute = 10;
    })
    .await;
    let clinician = house.caller(&DemoUser::Clinician);
    let path = format!("/log/{HOME}/checkpoint");
    for _ in 0..10 {
        clinician.get(&path).await.expect(403);
    }
    told_to_wait(clinician.get(&path).await);
    assert_eq!(house.audits(HOME).await.len(), 10);
}

/// A user of the patients' app, which all of them share.
fn patient(house: &House, id: &str) -> Caller {
    let user = DemoUser::Patient {
        id: id.parse().unwrap(),
    };
    house.caller_with(&user, |claims| claims["sub"] = id.into())
}

#[actix_web::test]
async fn a_user_who_is_denied_shuts_out_no_other_user_of_the_client() {
    let house = house(|limits| {
        limits.user_denials_per_minute = 10;
        limits.client_denials_per_minute = 25;
    })
    .await;
    let system = house.caller(&DemoUser::System);
    for id in ["mallory", "trudy", "victor", "walter"] {
        let record = records::with_id(records::patient(id), id);
        let path = format!("Patient/{id}");
        system.put(&path, record).await.expect(201);
    }
    let denied = async |id: &str, times: usize| {
        let patient = patient(&house, id);
        for _ in 0..times {
            patient.get("Patient/made-up").await.expect(404);
        }
        patient
    };
    let mallory = denied("mallory", 10).await;
    told_to_wait(mallory.get("Patient/mallory").await);
    told_to_wait(mallory.get("Patient/made-up").await);
    let victor = patient(&house, "victor");
    for _ in 0..20 {
        victor.get("Patient/victor").await.expect(200);
        told_to_wait(mallory.get("Patient/made-up").await);
    }
    // Nor does another user, until the larger budget of the client is used up.
    denied("trudy", 10).await;
    victor.get("Patient/victor").await.expect(200);
    denied("walter", 5).await;
    told_to_wait(victor.get("Patient/victor").await);
    // Clients are apart.
    system.get("Patient/victor").await.expect(200);
}

/// Status classes of the entries of a batch.
fn statuses(batch: &Reply) -> Vec<String> {
    let entries = batch.json()["entry"].as_array().unwrap().clone();
    let status = |entry: &serde_json::Value| {
        let status = entry["response"]["status"].as_str().unwrap();
        status.split(' ').next().unwrap().to_owned()
    };
    entries.iter().map(status).collect()
}

#[actix_web::test]
async fn a_denied_entry_costs_what_a_denied_request_costs() {
    let house = house(|limits| limits.user_denials_per_minute = 10).await;
    let system = house.caller(&DemoUser::System);
    let id = system.create("Patient", records::patient("a")).await;
    let admin = house.caller(&DemoUser::Admin);
    let clinician = house.caller(&DemoUser::Clinician);
    let path = format!("Patient/{id}");
    // A batch that is denied as a whole costs one denial; entries cost one each.
    let probes: Vec<_> = (0..25)
        .map(|n| match n % 3 {
            0 => ("GET", "Patient/absent", None),
            1 => ("GET", "Practitioner/absent", None),
            _ => ("GET", path.as_str(), None),
        })
        .collect();
    let batch = records::bundle("batch", &probes);
    let reply = clinician.post("", &batch).await.expect(200);
    let mut expected = Vec::new();
    let mut denied = 0;
    for number in 0..25 {
        let seen = number % 3 == 2;
        let waits = denied == 10;
        denied += u32::from(!seen && !waits);
        expected.push(match (seen, waits) {
            (_, true) => "429",
            (true, false) => "200",
            (false, false) => "404",
        });
    }
    assert_eq!(statuses(&reply), expected);
    let waiting = &reply.json()["entry"][24]["response"];
    assert_eq!(waiting["outcome"]["issue"][0]["code"], "throttled");
    told_to_wait(clinician.get(&path).await);
    // What was told to wait was not decided, and stands in the audit as such.
    assert_eq!(house.audits(HOME).await.len(), 2);
    let none: Vec<_> = (0..11).map(|_| ("GET", "Patient/absent", None)).collect();
    let bundle = records::bundle("batch", &none);
    for _ in 0..10 {
        admin.post("", &bundle).await.expect(403);
    }
    told_to_wait(admin.post("", &bundle).await);
    system.get(&path).await.expect(200);
}

#[actix_web::test]
async fn denials_cost_the_same_alone_and_in_a_batch() {
    let house = house(|limits| limits.user_denials_per_minute = 10).await;
    let as_user = |subject: &str| {
        let subject = subject.to_owned();
        house.caller_with(&DemoUser::Clinician, move |claims| {
            claims["sub"] = subject.into();
        })
    };
    let context = serde_json::json!({
        "resourceType": "Binary",
        "contentType": "text/plain",
        "securityContext": {"reference": "Patient/absent"},
    });
    let entries = [
        ("GET", "Patient/absent", None, 404),
        ("GET", "Patient/absent/_history/1", None, 404),
        ("GET", "Patient/absent/_history", None, 404),
        ("POST", "Binary", Some(context), 422),
    ];
    for (number, (method, path, body, status)) in entries.into_iter().enumerate() {
        let alone = as_user(&format!("alone-{number}"));
        for _ in 0..10 {
            let body = body.as_ref().map(ToString::to_string);
            let reply = alone.send(method, path, &[], body).await;
            assert_eq!(reply.status, status, "{path}: {}", reply.text);
        }
        told_to_wait(alone.get("Patient/absent").await);
        let together = as_user(&format!("together-{number}"));
        let some = vec![(method, path, body.clone()); 12];
        let batch = records::bundle("batch", &some);
        let found = statuses(&together.post("", &batch).await.expect(200));
        let expected: Vec<String> = (0..12)
            .map(|n| if n < 10 { status } else { 429 }.to_string())
            .collect();
        assert_eq!(found, expected, "{path}");
        told_to_wait(together.get("Patient/absent").await);
    }
}

#[actix_web::test]
async fn a_batch_that_has_to_wait_is_not_answered_once_and_for_all() {
    let house = house(|limits| limits.user_denials_per_minute = 5).await;
    let clinician = house.caller(&DemoUser::Clinician);
    let mut entries = vec![("GET", "Patient/absent", None); 6];
    entries.push(("POST", "Patient", Some(records::patient("late"))));
    let batch = records::bundle("batch", &entries);
    let key = [("idempotency-key", "one-batch-of-ours")];
    let post = async || {
        let body = Some(batch.to_string());
        clinician.send("POST", "", &key, body).await
    };
    told_to_wait(post().await);
    let system = house.caller(&DemoUser::System);
    assert_eq!(system.found("Patient").await, 0, "something was written");
    house.clock.set(70);
    let clinician = house.caller(&DemoUser::Clinician);
    clinician.get("Patient").await.expect(200);
}

#[actix_web::test]
async fn records_that_are_opened_have_a_rate() {
    let house = house(|limits| {
        limits.user_records = Some(Rate {
            per_second: 1,
            burst: 30,
        });
    })
    .await;
    let system = house.caller(&DemoUser::System);
    for number in 0..20 {
        system
            .create("Patient", records::patient(&format!("p{number}")))
            .await;
    }
    let clinician = house.caller(&DemoUser::Clinician);
    for _ in 0..2 {
        clinician.get("Patient?_count=20").await.expect(200);
    }
    let waits = clinician.get("Patient?_count=1").await;
    let seconds: u32 = waits.header("retry-after").unwrap().parse().unwrap();
    assert!((5..=15).contains(&seconds), "{seconds}");
    told_to_wait(waits);
    // Others go on, and so does a service, which reads for many.
    let auditor = house.caller(&DemoUser::Auditor);
    auditor.get("AuditEvent?_count=1").await.expect(200);
    for _ in 0..3 {
        system.get("Patient?_count=20").await.expect(200);
    }
    house.clock.set(i64::from(seconds) + 2);
    let clinician = house.caller(&DemoUser::Clinician);
    clinician.get("Patient?_count=1").await.expect(200);
    // A body counts too: of these 200 kB are 50 records.
    let body = records::long(200_000);
    clinician.post("Basic", body).await.expect(201);
    told_to_wait(clinician.get("Patient?_count=1").await);
}

#[actix_web::test]
async fn cards_that_are_read_count_as_records_of_their_share() {
    let house = house(|limits| {
        limits.user_records = Some(Rate {
            per_second: 1,
            burst: 20,
        });
    })
    .await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("a")).await;
    for _ in 0..40 {
        system
            .create("Observation", records::observation(&patient))
            .await;
    }
    house.index().await;
    let clinician = house.caller(&DemoUser::Clinician);
    let none = format!("Observation?patient={patient}&status=preliminary");
    // Five records each.
    for _ in 0..4 {
        clinician.get(&none).await.expect(200);
    }
    told_to_wait(clinician.get(&none).await);
}

#[actix_web::test]
async fn the_entries_of_a_bundle_are_requests_of_its_user() {
    let house = house(|limits| {
        limits.user_requests = Some(Rate {
            per_second: 1,
            burst: 20,
        });
    })
    .await;
    let clinician = house.caller(&DemoUser::Clinician);
    let batch = |entries| records::bundle("batch", &vec![("GET", "Patient", None); entries]);
    clinician.post("", batch(60)).await.expect(200);
    let waits = clinician.get("Patient").await;
    let seconds: u32 = waits.header("retry-after").unwrap().parse().unwrap();
    assert!((30..=42).contains(&seconds), "{seconds}");
    told_to_wait(waits);
    // A service has the rate of its client, and others go on.
    let system = house.caller(&DemoUser::System);
    for _ in 0..2 {
        system.post("", batch(60)).await.expect(200);
    }
    house
        .caller(&DemoUser::Auditor)
        .get("AuditEvent?_count=1")
        .await
        .expect(200);
    house.clock.set(i64::from(seconds) + 2);
    let clinician = house.caller(&DemoUser::Clinician);
    clinician.get("Patient").await.expect(200);
}

#[actix_web::test]
async fn long_query_texts_have_a_rate() {
    let house = house(|limits| {
        limits.user_query_bytes = Some(Rate {
            per_second: 1_000,
            burst: 100_000,
        });
    })
    .await;
    let clinician = house.caller(&DemoUser::Clinician);
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let search = async |caller: &Caller, length: usize| {
        let query = format!("identifier={}", "A".repeat(length));
        caller
            .send("POST", "Patient/_search", &form, Some(query))
            .await
    };
    for _ in 0..2 {
        search(&clinician, 60_000).await.expect(200);
    }
    let before = house.audits(HOME).await.len();
    let waits = search(&clinician, 60_000).await;
    let seconds: u32 = waits.header("retry-after").unwrap().parse().unwrap();
    assert!((10..30).contains(&seconds), "{seconds}");
    told_to_wait(waits);
    told_to_wait(clinician.get("Patient?_count=1").await);
    assert_eq!(house.audits(HOME).await.len(), before);
    // What is no search goes on, and so do searches of others.
    clinician.get("Patient/absent").await.expect(404);
    let batch = [("GET", "Patient", None), ("GET", "Patient/absent", None)];
    let batch = clinician.post("", records::bundle("batch", &batch)).await;
    assert_eq!(statuses(&batch.expect(200)), ["429", "404"]);
    let system = house.caller(&DemoUser::System);
    search(&system, 60_000).await.expect(200);
    house.clock.set(i64::from(seconds) + 2);
    let clinician = house.caller(&DemoUser::Clinician);
    search(&clinician, 10).await.expect(200);
    // Short texts cost nothing.
    for _ in 0..300 {
        search(&clinician, 900).await.expect(200);
    }
}

#[actix_web::test]
async fn short_query_texts_of_one_bundle_add_up() {
    let house = house(|limits| {
        limits.user_query_bytes = Some(Rate {
            per_second: 1_000,
            burst: 20_000,
        });
    })
    .await;
    let clinician = house.caller(&DemoUser::Clinician);
    let url = format!("Patient?identifier={}", "A".repeat(800));
    let batch = records::bundle("batch", &vec![("GET", url.as_str(), None); 60]);
    let found = statuses(&clinician.post("", batch).await.expect(200));
    let answered = found.iter().filter(|status| *status == "200").count();
    // The first is free, and 20,000 bytes have room for some 25.
    assert!((20..35).contains(&answered), "{found:?}");
    assert!(found.iter().skip(answered).all(|status| status == "429"));
    told_to_wait(clinician.get("Patient?_count=1").await);
}

#[actix_web::test]
async fn a_user_who_asks_too_often_shuts_out_no_other_user_of_the_client() {
    let house = house(|limits| {
        limits.user_requests = Some(Rate {
            per_second: 1,
            burst: 20,
        });
    })
    .await;
    let system = house.caller(&DemoUser::System);
    let record = records::with_id(records::patient("victor"), "victor");
    system.put("Patient/victor", record).await.expect(201);
    let mallory = patient(&house, "mallory");
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(mallory.get("Patient?_count=1").await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    let victor = patient(&house, "victor");
    victor.get("Patient/victor").await.expect(200);
    // A service that speaks for itself has the rate of its client, here none.
    for _ in 0..40 {
        system.get("Patient/victor").await.expect(200);
    }
}
