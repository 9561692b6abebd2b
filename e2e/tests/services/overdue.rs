//! A chain on which nothing becomes final: after `maxAnchorAgeSeconds` that alone is not
//! ready, whatever the steps say.

use crate::{
    installation::{Installation, is_ready, operations},
    one_process::OneProcess,
};

const SOON: &str = "finality = \"immediate\"";
const NEVER: &str = "finality = { depth = 1000000 }";
const LIMIT: &str = "heartbeatSeconds = 0\nmaxAnchorAgeSeconds = 1";

#[test]
fn a_log_without_a_final_anchor_is_not_ready_for_long() {
    let never = format!("{NEVER}\n{LIMIT}");
    let one = OneProcess::go_live_with(Installation::new(), |sample| sample.with(SOON, &never));
    let (house, watch) = (&one.house, one.watch);
    let says = |words: &str| {
        operations(watch, "readyz")
            .is_some_and(|reply| reply.status == 503 && reply.text().contains(words))
    };
    // The rules that the facility began with are in its log.
    let mut service = house.start("serve", &one.config);
    service.wait_until("the age", || {
        says("anchors: the log of `riverside` was signed first")
    });
    assert!(service.stop().success());
    let text = std::fs::read_to_string(&one.config).unwrap();
    std::fs::write(&one.config, text.replace(NEVER, SOON)).unwrap();
    let mut service = house.start("serve", &one.config);
    service.wait_until("a final anchor", || is_ready(watch));
    assert!(service.stop().success());
}
