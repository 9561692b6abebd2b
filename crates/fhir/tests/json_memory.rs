//! What a body takes in memory once it is read, whatever its values are.

use fhir::json::{JsonFault, parse_within};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes of a body, as a multiple of which memory is measured.
const BODY: usize = 1 << 20;
/// As the gateway limits values.
const VALUES: usize = BODY / 16;

/// A body of this size with as many values as may be, each spelt with few bytes.
fn body(item: &str, values_in_it: usize) -> String {
    // The object, the array and the text that fills the rest are values too.
    let items = (VALUES - 4) / values_in_it;
    let mut body = format!("{{\"a\":[{}0],\"b\":\"", format!("{item},").repeat(items));
    body.push_str(&"x".repeat(BODY - body.len() - 2));
    body.push_str("\"}");
    body
}

#[test]
fn what_is_read_takes_at_most_five_times_the_body() {
    for (item, values_in_it) in [
        ("0", 1),
        ("\"\"", 1),
        ("\"a\"", 1),
        ("\"abcdefghi\"", 1),
        ("null", 1),
        ("[]", 1),
        ("{}", 1),
        ("[0]", 2),
        ("[[]]", 2),
        ("{\"\":0}", 2),
        ("{\"a\":{}}", 2),
        ("{\"a\":\"b\"}", 2),
        ("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5}", 6),
    ] {
        let body = body(item, values_in_it);
        assert_eq!(body.len(), BODY);
        let before = MEMORY.current_usage();
        MEMORY.reset_peak_usage();
        let value = parse_within(body.as_bytes(), VALUES).expect("within the limit");
        let taken = MEMORY.peak_usage() - before;
        assert!(
            taken <= 5 * BODY,
            "{item}: {} times",
            taken as f64 / BODY as f64
        );
        drop(value);
    }
    let denser = format!("{{\"a\":[{}0]}}", "0,".repeat(VALUES));
    let fault = parse_within(denser.as_bytes(), VALUES).map_err(|error| error.fault);
    assert_eq!(fault.map(drop), Err(JsonFault::TooManyValues));
}
