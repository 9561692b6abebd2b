//! The rates of [`Limits::default`], as docs/operations.md has them, by a clock that stands
//! still.

use super::*;
use model::ManualClock;

fn throttle() -> (Throttle, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(
        "2026-11-27T10:00:00.000Z".parse().unwrap(),
    ));
    (Throttle::new(&Limits::default(), clock.clone()), clock)
}

fn caller(client: &str, subject: &str) -> Caller {
    Caller {
        issuer: "https://login.example".to_owned(),
        subject: subject.to_owned(),
        client: client.to_owned(),
        facility: "riverside".parse().unwrap(),
        roles: Vec::new(),
        purpose: None,
        patient: None,
        scopes: Vec::new(),
        name: None,
        fhir_user: None,
        email: None,
    }
}

/// Number of requests that are let in, of this number.
fn let_in(throttle: &Throttle, caller: &Caller, asked: usize) -> usize {
    let asked = (0..asked).filter(|_| throttle.caller(caller).is_ok());
    asked.count()
}

#[test]
fn a_user_may_send_500_requests_at_once_and_as_many_a_second() {
    let (throttle, clock) = throttle();
    let ada = caller("app", "ada");
    assert_eq!(let_in(&throttle, &ada, 1_000), 500);
    let refused = throttle.caller(&ada).unwrap_err();
    assert_eq!(refused.retry_after, Some(1));
    assert_eq!(let_in(&throttle, &caller("app", "ben"), 1_000), 500);
    clock.advance_millis(1_000);
    assert_eq!(let_in(&throttle, &ada, 1_000), 500);
}

#[test]
fn a_client_may_send_5000_requests_at_once_whoever_its_users_are() {
    let (throttle, _) = throttle();
    let users = (0..20).map(|number| caller("app", &format!("user-{number}")));
    let of_app: usize = users.map(|user| let_in(&throttle, &user, 400)).sum();
    assert_eq!(of_app, 5_000);
    // A service that speaks for itself has the client's rate alone.
    assert_eq!(let_in(&throttle, &caller("lab", "lab"), 6_000), 5_000);
}

#[test]
fn an_address_may_send_500_requests_without_a_token_at_once() {
    let (throttle, _) = throttle();
    let address = |text: &str| Some(text.parse().unwrap());
    let let_in = |text: &str| {
        let asked = (0..1_000).filter(|_| throttle.address(address(text)).is_ok());
        asked.count()
    };
    assert_eq!(let_in("192.0.2.1"), 500);
    assert_eq!(let_in("192.0.2.2"), 500);
    // One connection has the whole network of 64 bits.
    assert_eq!(let_in("2001:db8::1"), 500);
    assert_eq!(let_in("2001:db8::2"), 0);
}

#[test]
fn a_user_may_be_denied_300_times_a_minute() {
    let (throttle, clock) = throttle();
    let ada = caller("app", "ada");
    let denied = |caller: &Caller| {
        let denied = (0..1_000).take_while(|_| throttle.denials(caller).is_ok());
        denied.inspect(|_| throttle.denied(caller)).count()
    };
    assert_eq!(denied(&ada), 300);
    assert_eq!(denied(&caller("app", "ben")), 300);
    clock.advance_millis(60_000);
    assert_eq!(denied(&ada), 300);
}

#[test]
fn denials_of_requests_that_were_let_in_at_once_are_paid_back() {
    let (throttle, clock) = throttle();
    let (ada, ben) = (caller("app", "ada"), caller("app", "ben"));
    (0..900).for_each(|_| throttle.denied(&ada));
    for _ in 0..2 {
        assert!(throttle.denials(&ada).is_err(), "600 are owed");
        assert!(throttle.denials(&ben).is_ok(), "by one user");
        clock.advance_millis(60_000);
    }
    clock.advance_millis(1_000);
    assert!(throttle.denials(&ada).is_ok(), "five more have come");
}
