//! Conditions over all values of a record, references and composites.

use super::{UTC, number, reading};
use index::{
    Answer, Code, CodeCriterion, Condition, Criterion, Identifier, NumberCriterion, Quantity,
    Reference, Uri, UriCriterion, UriMode, Value, Values,
};
use model::Tag;

fn code(text: &str) -> Criterion {
    Criterion::Code(CodeCriterion::parse(text).unwrap())
}

fn codes_of(list: &[&str]) -> Values {
    let values = list
        .iter()
        .map(|code| Value::Code(Code::new("urn:x", code)));
    values.collect::<Vec<_>>().into()
}

#[test]
fn modifiers_are_about_all_values() {
    let any = |list: &[&str]| Condition::Any(list.iter().map(|text| code(text)).collect());
    let none = |list: &[&str]| Condition::NotAny(list.iter().map(|text| code(text)).collect());
    let cut = |list: &[&str]| Values {
        cut: true,
        ..codes_of(list)
    };
    for (condition, values, expected) in [
        (any(&["a"]), codes_of(&["b", "a"]), Answer::Holds),
        (any(&["a", "c"]), codes_of(&["b", "c"]), Answer::Holds),
        (any(&["a"]), codes_of(&["b"]), Answer::Fails),
        (any(&["a"]), codes_of(&[]), Answer::Fails),
        (any(&["a"]), cut(&["a"]), Answer::Holds),
        (any(&["a"]), cut(&["b"]), Answer::Unknown),
        (none(&["a"]), codes_of(&["b"]), Answer::Holds),
        (none(&["a"]), codes_of(&["a", "b"]), Answer::Fails),
        (none(&["a", "b"]), codes_of(&["b"]), Answer::Fails),
        (none(&["a"]), codes_of(&[]), Answer::Holds),
        (none(&["urn:y|a"]), codes_of(&["a"]), Answer::Holds),
        (none(&["a"]), cut(&["b"]), Answer::Unknown),
        (none(&["a"]), cut(&["a"]), Answer::Fails),
        (Condition::Missing(true), codes_of(&[]), Answer::Holds),
        (Condition::Missing(false), codes_of(&[]), Answer::Fails),
        (Condition::Missing(true), codes_of(&["a"]), Answer::Fails),
        (Condition::Missing(false), codes_of(&["a"]), Answer::Holds),
        (Condition::Missing(false), cut(&[]), Answer::Holds),
    ] {
        let answer = condition.answer(Some(&values), &reading(&UTC));
        assert_eq!(answer, expected, "{condition:?} {values:?}");
        assert_eq!(condition.answer(None, &reading(&UTC)), Answer::Unknown);
    }
}

#[test]
fn references_are_to_a_record_or_a_url() {
    let target = Tag::new([1; 16]);
    let reference = Value::Reference(Reference {
        target,
        resource_type: "Patient".to_owned(),
    });
    let foreign = Value::Uri(Uri::new("http://other/Patient/1"));
    let logical = Value::Identifier(Identifier {
        value: Code::new("urn:x", "12"),
        types: Vec::new(),
    });
    let url = |text: &str| {
        Criterion::Uri(UriCriterion {
            mode: UriMode::Exact,
            text: text.to_owned(),
        })
    };
    for (criterion, value, expected) in [
        (Criterion::Reference(target), &reference, true),
        (Criterion::Reference(Tag::new([2; 16])), &reference, false),
        (Criterion::Reference(target), &foreign, false),
        (
            Criterion::ReferenceType("Patient".to_owned()),
            &reference,
            true,
        ),
        (
            Criterion::ReferenceType("Group".to_owned()),
            &reference,
            false,
        ),
        (url("http://other/Patient/1"), &foreign, true),
        (code("urn:x|12"), &logical, true),
        (code("urn:x|12"), &reference, false),
    ] {
        let answer = criterion.answer(value, &reading(&UTC));
        assert_eq!(answer, expected.into(), "{criterion:?} {value:?}");
    }
}

#[test]
fn the_parts_of_a_composite_are_of_one_element() {
    let value = |text: &str| {
        Value::Quantity(Quantity {
            number: number(text),
            system: None,
            code: None,
            unit: None,
        })
    };
    let component = |code: &str, number: &str| {
        Value::Composite(vec![
            vec![
                Value::Code(Code::new("urn:y", "alias")),
                Value::Code(Code::new("urn:x", code)),
            ],
            vec![value(number)],
        ])
    };
    let values: Values = vec![component("8480-6", "120"), component("8462-4", "80")].into();
    let asked = |code_text: &str, number: &str| {
        let number = Criterion::Number(NumberCriterion::parse(number).unwrap());
        Condition::Any(vec![Criterion::Composite(vec![code(code_text), number])])
    };
    for (condition, expected) in [
        (asked("8480-6", "gt90"), true),
        (asked("urn:x|8480-6", "gt90"), true),
        (asked("8462-4", "gt90"), false),
        (asked("alias", "lt90"), true),
        (asked("8480-6", "lt90"), false),
        (
            Condition::Any(vec![Criterion::Composite(vec![code("8480-6")])]),
            false,
        ),
    ] {
        let answer = condition.answer(Some(&values), &reading(&UTC));
        assert_eq!(answer, expected.into(), "{condition:?}");
    }
}
