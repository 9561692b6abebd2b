//! What a query string is read as.

use super::*;

#[test]
fn a_criterion_that_stands_twice_is_kept_once() {
    let text = "subject=a&patient=a&subject=a&subject=b&subject=%61&subject=a,b&patient=a\
                &_id=c&_id=c&identifier=d&identifier=d";
    let query = Query {
        text,
        lenient: false,
        now: "2026-11-27T10:00:00.000Z".parse().unwrap(),
    };
    let kind: ResourceType = "Observation".parse().unwrap();
    let looked = Looked::of_type(&kind);
    let search = Search::parse(looked, query, &LocalBase::default()).unwrap();
    // An id alone names a Patient, and a subject one of four types.
    let expected = [
        ("_id", 1),
        ("_lastUpdated", 0),
        ("identifier", 1),
        ("patient", 1),
        ("subject", 4 + 4 + 2 * 4),
    ];
    let names = parameter::of_type("Observation").map(|parameter| parameter.name());
    let values = names.zip(search.criteria.values());
    assert_eq!(values.collect::<Vec<_>>(), expected);
}
