//! Keys that change while requests run, and an issuer that goes away and comes back.

use crate::{
    hospital::Hospital,
    installation::{is_ready, operations},
    oidc::BACKEND,
    signer::{Signer, parts},
};
use e2e::until;
use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

#[test]
fn keys_are_rotated_and_no_request_fails() {
    let (old, new) = (Signer::new("k1", 7), Signer::new("k2", 8));
    let hospital = Hospital::start(&[&old]);
    let first = hospital.issuer.token(BACKEND);
    let record = hospital.create_patient(&first);
    let (stop, served) = (AtomicBool::new(false), AtomicUsize::new(0));
    // With a token of before, and with one that was just given out.
    let work = |fresh: bool| {
        while !stop.load(Ordering::SeqCst) {
            let token = if fresh {
                hospital.issuer.token(BACKEND)
            } else {
                first.clone()
            };
            drop(
                hospital
                    .get(&token, &record)
                    .expect(200, "during a rotation"),
            );
            served.fetch_add(1, Ordering::SeqCst);
        }
    };
    let some_more = || {
        let from = served.load(Ordering::SeqCst);
        until("more requests", 60, || {
            (served.load(Ordering::SeqCst) > from + 50).then_some(())
        });
    };
    thread::scope(|scope| {
        let work = &work;
        let workers = [true, true, false].map(|fresh| scope.spawn(move || work(fresh)));
        some_more();
        // The new key is published, then signs, then is alone.
        for keys in [&[&old, &new][..], &[&new, &old], &[&new]] {
            hospital.issuer.rekey(keys);
            some_more();
        }
        stop.store(true, Ordering::SeqCst);
        for worker in workers {
            worker.join().unwrap();
        }
    });
    let second = hospital.issuer.token(BACKEND);
    assert_eq!(parts(&second).0["kid"], "k2");

    // Whoever fetches the keys now knows no other.
    let mut hospital = hospital.restart();
    let watch = hospital.watch;
    hospital.service.wait_until("ready", || is_ready(watch));
    drop(hospital.get(&second, &record).expect(200, "the new key"));
    drop(
        hospital
            .get(&first, &record)
            .expect(401, "the key that is gone"),
    );
}

#[test]
fn an_issuer_that_is_down_stops_nobody_who_has_a_token() {
    let keys = [7, 8, 9].map(|seed| Signer::new(&format!("k{seed}"), seed));
    let mut hospital = Hospital::start(&[&keys[0]]);
    let token = hospital.issuer.token(BACKEND);
    let record = hospital.create_patient(&token);
    hospital.issuer.stop();
    for _ in 0..20 {
        drop(
            hospital
                .get(&token, &record)
                .expect(200, "without an issuer"),
        );
    }
    // By a key that the issuer has taken up and nobody could fetch.
    let unseen = keys[1].sign(&keys[1].header("at+jwt"), &parts(&token).1);
    drop(hospital.get(&unseen, &record).expect(401, "an unknown key"));
    until("the gateway says so", 30, || {
        hospital.issuer_fails().then_some(())
    });
    assert!(is_ready(hospital.watch), "it serves all the same");
    drop(
        hospital
            .get(&token, &record)
            .expect(200, "without an issuer"),
    );

    // Back with that key: the gateway finds it without being asked.
    hospital.issuer.start(&[&keys[1], &keys[0]]);
    until("the issuer is found", 60, || {
        (!hospital.issuer_fails()).then_some(())
    });
    for token in [&hospital.issuer.token(BACKEND), &unseen, &token] {
        drop(
            hospital
                .get(token, &record)
                .expect(200, "the first one after"),
        );
    }

    // A gateway that starts without it has no keys to go by, and says so.
    hospital.issuer.stop();
    let mut hospital = hospital.restart();
    let (watch, url) = (hospital.watch, hospital.issuer.url.clone());
    hospital.service.wait_until("it says what is missing", || {
        operations(watch, "readyz")
            .is_some_and(|reply| reply.status == 503 && reply.text().contains(&url))
    });
    let reply = hospital.get(&token, &record).expect(503, "no keys");
    assert!(reply.header("retry-after").is_some() && reply.is_error_outcome());
    hospital.issuer.start(&[&keys[2], &keys[1]]);
    hospital.service.wait_until("ready", || is_ready(watch));
    let latest = hospital.issuer.token(BACKEND);
    drop(
        hospital
            .get(&latest, &record)
            .expect(200, "the first one after"),
    );
}
