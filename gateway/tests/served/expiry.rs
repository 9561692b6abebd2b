//! Kept answers and kept queries go when their time is over, whether new ones come or not.

use crate::{
    database::{Kind, on_both},
    house::{HOME, House},
    records,
};
use devkit::issuer::DemoUser;
use gateway::work::{expiry, jobs::Turn};

on_both! {
    what_is_kept_goes_when_its_time_is_over,
}

/// Number of kept answers and kept queries.
fn kept(house: &House) -> (usize, usize) {
    let count = |table: &str| {
        let rows = house.query(&format!("SELECT count(*) FROM {table}"));
        rows[0][0].parse().unwrap()
    };
    (count("answer"), count("kept_query"))
}

async fn what_is_kept_goes_when_its_time_is_over(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let key = [("idempotency-key", "one")];
    for identifier in ["a", "b"] {
        let body = Some(records::patient(identifier).to_string());
        let reply = system.send(
            "POST",
            "Patient",
            &key[..usize::from(identifier == "a")],
            body,
        );
        drop(reply.await.expect(201));
    }
    let long = format!("Patient?identifier=a,b,{}&_count=1", "x".repeat(900));
    assert!(system.get(&long).await.expect(200).next().is_some());
    let facility = house.app.facility(&HOME.parse().unwrap()).unwrap();
    let mut expiry = expiry::worker(&house.app, &facility).unwrap();
    let hour = 3_600;
    for (later, left) in [(0, (1, 1)), (2 * hour, (1, 0)), (8 * 24 * hour, (0, 0))] {
        house.clock.set(later);
        assert_eq!(expiry.turn().await.unwrap(), Turn::Worked, "{later}");
        assert!(matches!(expiry.turn().await.unwrap(), Turn::Rested(_)));
        assert_eq!(kept(&house), left, "{later}");
    }
}
