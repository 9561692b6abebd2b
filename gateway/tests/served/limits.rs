//! Who asks too much is told to wait: requests by client, requests without a token
//! by address, denials by client, and bodies by size.

use crate::{
    caller::Reply,
    database::Kind,
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;

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
    let house = house(|limits| {
        limits.requests_per_second = Some(1);
        limits.burst = 20;
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

#[actix_web::test]
async fn denials_are_audited_within_a_budget() {
    let house = house(|limits| limits.denials_per_minute = 10).await;
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
async fn a_body_is_as_large_as_the_operator_says() {
    let house = house(|limits| limits.body_bytes = 2_000).await;
    let system = house.caller(&DemoUser::System);
    system.create("Patient", records::patient("a")).await;
    let long = records::patient(&"a".repeat(2_000));
    assert_eq!(
        system.post("Patient", &long).await.expect(413).issue(),
        "too-long"
    );
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let query = Some(format!("identifier={}", "a".repeat(2_000)));
    system
        .send("POST", "Patient/_search", &form, query)
        .await
        .expect(413);
}
