//! What a query string is read as.

use super::*;

fn read(text: &str) -> Criteria {
    let query = Query {
        text,
        lenient: false,
        now: "2026-11-27T10:00:00.000Z".parse().unwrap(),
    };
    let kind: ResourceType = "Observation".parse().unwrap();
    let (criteria, _) = Criteria::parse(&kind, query, &LocalBase::default()).unwrap();
    criteria
}

#[test]
fn a_criterion_that_stands_twice_is_kept_once() {
    let criteria = read(
        "subject=a&patient=a&subject=a&subject=b&subject=%61&subject=a,b&patient=a\
         &_id=c&_id=c&identifier=d&identifier=d",
    );
    assert_eq!(criteria.ids.len(), 1);
    assert_eq!(criteria.identifiers.len(), 1);
    let references = [
        (ReferenceParameter::Subject, "a"),
        (ReferenceParameter::Patient, "a"),
        (ReferenceParameter::Subject, "b"),
        (ReferenceParameter::Subject, "a,b"),
    ];
    let local = LocalBase::default();
    let expected =
        references.map(|(param, value)| ReferenceAsked::parse(param, value, &local).unwrap());
    assert_eq!(criteria.references, expected);
}
