//! How large the head of a request may be.

use crate::house::House;
use prometheus::TextEncoder;

#[actix_web::test]
async fn a_head_that_is_too_large_is_answered_by_a_head_alone() {
    let house = House::start().await;
    let anyone = house.anyone();
    let value = "x".repeat(1_000);
    let lines = |count: usize| vec![("forwarded", value.as_str()); count];
    let small = anyone.send("GET", "/healthz", &lines(50), None).await;
    small.expect(200);
    let large = anyone.send("GET", "/healthz", &lines(80), None).await;
    assert_eq!(large.expect(431).text, "");
    // It is counted all the same.
    let families = house.app.metrics.gather();
    let metrics = TextEncoder::new().encode_to_string(&families).unwrap();
    let counted: Vec<&str> = metrics
        .lines()
        .filter(|line| line.starts_with("chartseal_http_requests_total{"))
        .filter(|line| line.contains("status=\"431\""))
        .filter_map(|line| line.split(' ').next_back())
        .collect();
    assert_eq!(counted, ["1"], "{metrics}");
}
