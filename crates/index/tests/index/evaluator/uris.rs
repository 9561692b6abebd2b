//! URIs (<https://hl7.org/fhir/R4/search.html#uri>).

use index::{Uri, UriCriterion, UriMode};

/// What is asked for, a value, whether it is a match.
const URIS: &[(UriMode, &str, &str, bool)] = &[
    (
        UriMode::Exact,
        "http://acme.org/fhir",
        "http://acme.org/fhir",
        true,
    ),
    (
        UriMode::Exact,
        "http://acme.org/fhir",
        "http://acme.org/fhir/",
        false,
    ),
    (
        UriMode::Exact,
        "http://acme.org/fhir",
        "http://acme.org/FHIR",
        false,
    ),
    (
        UriMode::Below,
        "http://acme.org/fhir/",
        "http://acme.org/fhir/ValueSet/1",
        true,
    ),
    (
        UriMode::Below,
        "http://acme.org/fhir",
        "http://acme.org/fhir/ValueSet/1",
        true,
    ),
    (
        UriMode::Below,
        "http://acme.org/fhir",
        "http://acme.org/fhirs",
        false,
    ),
    (
        UriMode::Below,
        "http://acme.org/fhir",
        "http://acme.org/fhir",
        true,
    ),
    (UriMode::Below, "urn:oid:1.2", "urn:oid:1.2.3", false),
    (UriMode::Below, "urn:oid:1.2", "urn:oid:1.2", true),
    (
        UriMode::Above,
        "http://acme.org/fhir/ValueSet/1",
        "http://acme.org/fhir",
        true,
    ),
    (
        UriMode::Above,
        "http://acme.org/fhir/ValueSet/1",
        "http://acme.org/fhir/",
        true,
    ),
    (
        UriMode::Above,
        "http://acme.org/fhir/ValueSet/1",
        "http://acme.org/fhir/V",
        false,
    ),
    (
        UriMode::Above,
        "http://acme.org/fhir",
        "http://acme.org/fhir/ValueSet/1",
        false,
    ),
];

#[test]
fn uris() {
    for (mode, asked, value, expected) in URIS {
        let (mode, expected) = (*mode, *expected);
        let text = (*asked).to_owned();
        let criterion = UriCriterion { mode, text };
        assert_eq!(
            criterion.holds(&Uri::new(value)),
            expected,
            "{mode:?} {asked} {value}"
        );
    }
    for (asked, expected) in [
        ("http://x/vs", true),
        ("http://x/vs|1", true),
        ("http://x/vs|2", false),
    ] {
        let criterion = UriCriterion {
            mode: UriMode::Exact,
            text: asked.to_owned(),
        };
        assert_eq!(
            criterion.holds(&Uri::canonical("http://x/vs|1")),
            expected,
            "{asked}"
        );
        assert!(
            !criterion.holds(&Uri::new("http://x/vs|3")),
            "a uri has no version"
        );
    }
}
