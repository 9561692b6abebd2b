//! The readings of R4, by its own examples where it has any
//! (<https://hl7.org/fhir/R4/search.html>).

use index::{
    Answer, Code, CodeCriterion, Condition, Criterion, DateCriterion, DateRange, DecimalText,
    Identifier, Number, NumberCriterion, OfType, Quantity, QuantityCriterion, Reading, Reference,
    Text, TextCriterion, TextMode, Uri, UriCriterion, UriMode, Value, Values, Zone, ZoneChange,
    split_escaped, unescaped,
};
use model::{Tag, Timestamp};

const UTC: Zone = Zone::utc();

fn now() -> i64 {
    "2026-11-22T12:00:00.000Z"
        .parse::<Timestamp>()
        .unwrap()
        .as_millis()
}

fn reading(zone: &Zone) -> Reading<'_> {
    Reading { zone, now: now() }
}

fn range(text: &str) -> DateRange {
    let part = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    match text.split_once('/') {
        None => DateRange::of_date(text),
        Some((start, end)) => DateRange::of_period(part(start).as_deref(), part(end).as_deref()),
    }
    .unwrap()
}

fn date_holds(asked: &str, value: &str) -> bool {
    DateCriterion::parse(asked)
        .unwrap()
        .holds(&range(value), &reading(&UTC))
}

/// The examples under "date", and each prefix against periods.
#[test]
fn dates() {
    for (asked, value, expected) in [
        ("eq2013-01-14", "2013-01-14T00:00", true),
        ("eq2013-01-14", "2013-01-14T10:00", true),
        ("eq2013-01-14", "2013-01-15T00:00", false),
        ("eq2013-01-14T10:00", "2013-01-14", false),
        ("ne2013-01-14", "2013-01-15T00:00", true),
        ("ne2013-01-14", "2013-01-14T00:00", false),
        ("ne2013-01-14", "2013-01-14T10:00", false),
        ("lt2013-01-14T10:00", "2013-01-14", true),
        ("gt2013-01-14T10:00", "2013-01-14", true),
        ("ge2013-03-14", "2013-01-21/", true),
        ("le2013-03-14", "/2013-01-21", true),
        ("sa2013-03-14", "2013-03-15/", true),
        ("sa2013-03-14", "2013-01-21/", false),
        ("sa2013-03-14", "/2013-01-21", false),
        ("eb2013-03-14", "/2013-01-21", true),
        ("eb2013-03-14", "2013-03-15/", false),
        ("eb2013-03-14", "/2013-03-15", false),
        ("2013", "2013-05/2013-06", true),
        ("2013", "2013-05/2014-06", false),
        ("2013", "2013-05/", false),
        ("ne2013", "2013-05/", true),
        ("gt2013", "2013-05/2014-06", true),
        ("gt2013", "2013-05/2013-06", false),
        ("lt2013", "2013", false),
        ("lt2013", "2012-12-31", true),
        ("ge2013-02", "2013-02-01", true),
        ("ge2013-02", "2013-01-31", false),
        // The range of the search contains neither, nor is any of them above it.
        ("ge2013-02", "2013-01-20/2013-02-10", false),
        ("le2013-02", "2013-02-20/2013-03-10", false),
        ("le2013-02", "2013-02-28T23:59:59.999", true),
        ("le2013-02", "2013-03-01T00:00:00.000", false),
        // A hundred days ago, give or take ten.
        (
            "ap2026-08-14T12:00:00.000Z",
            "2026-08-04T13:00:00.000Z",
            true,
        ),
        (
            "ap2026-08-14T12:00:00.000Z",
            "2026-08-24T11:00:00.000Z",
            true,
        ),
        (
            "ap2026-08-14T12:00:00.000Z",
            "2026-08-04T11:00:00.000Z",
            false,
        ),
        (
            "ap2026-08-14T12:00:00.000Z",
            "2026-08-24T13:00:00.000Z",
            false,
        ),
    ] {
        assert_eq!(date_holds(asked, value), expected, "{asked} {value}");
    }
}

#[test]
fn a_date_without_a_zone_is_read_in_the_zone_of_the_facility() {
    let hours = |hours: i64| hours * 3_600_000;
    let new_york = Zone::changing(
        -hours(5),
        vec![ZoneChange {
            from: range("2019-03-10T07:00Z").from.unwrap().millis,
            offset: -hours(4),
        }],
    );
    for (asked, value, expected) in [
        ("2019-01-05", "2019-01-06T04:59:59Z", true),
        ("2019-01-05", "2019-01-06T05:00:00Z", false),
        ("2019-06-05", "2019-06-06T03:59:59Z", true),
        ("2019-06-05", "2019-06-06T04:00:00Z", false),
        ("2019-01-05", "2019-01-05T23:59:59", true),
        ("ge2019-01-06T04:30Z", "2019-01-05T23:30", true),
        ("ge2019-01-06T04:31Z", "2019-01-05T23:30", false),
    ] {
        let criterion = DateCriterion::parse(asked).unwrap();
        assert_eq!(
            criterion.holds(&range(value), &reading(&new_york)),
            expected,
            "{asked} {value}"
        );
    }
}

fn number(text: &str) -> Number {
    let part = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let comparator = text.find(|c: char| !"<>=".contains(c)).unwrap_or(0);
    match text.split_once("..") {
        Some((low, high)) => Number::range(part(low).as_deref(), part(high).as_deref()).unwrap(),
        None if comparator > 0 => {
            Number::compared(&text[..comparator], &text[comparator..]).unwrap()
        }
        None => Number::Point(DecimalText::parse(text).unwrap()),
    }
}

#[test]
fn numbers() {
    for (asked, value, expected) in [
        ("100", "99.5", true),
        ("100", "100.4999", true),
        ("100", "100.5", false),
        ("100", "99.4999", false),
        ("100.00", "100", true),
        ("100.00", "100.01", false),
        ("1e2", "95", true),
        ("1e2", "105", false),
        ("ne100", "100.2", false),
        ("ne100", "101", true),
        ("lt100", "99.99999", true),
        ("lt100", "100", false),
        ("le100", "100", true),
        ("le100", "100.0001", false),
        ("gt100", "100.0001", true),
        ("gt100", "100", false),
        ("ge100", "100.00", true),
        ("ge100", "99.9999", false),
        ("ap100", "90", true),
        ("ap100", "110", true),
        ("ap100", "110.0001", false),
        ("ap-100", "-105", true),
        ("5.40e-3", "0.005395", true),
        ("5.40e-3", "0.005405", false),
        ("0.1", "0.10000000000000000001", true),
        ("gt0.1", "0.10000000000000000001", true),
        ("5", "<5", false),
        ("lt4", "<5", true),
        ("gt5", "<5", false),
        ("gt4.9", "<5", true),
        ("ge5", "<5", false),
        ("ge5", "<=5", false),
        ("gt4.9", "<=5", true),
        ("sa5", ">5", true),
        ("sa5", ">=5", false),
        ("eb5", "<5", true),
        ("eb5", "<=5", false),
        ("gt1000000", ">5", true),
        ("lt5", ">5", false),
        ("5", "4.6..5.4", true),
        ("5", "4..5.4", false),
        ("gt8", "5..9", true),
        ("sa8", "5..9", false),
        ("lt6", "5..9", true),
        ("ap10", "5..9", true),
        ("ap11", "5..9", false),
        ("gt8", "5..", true),
        ("lt-1000", "..9", true),
        ("ge5", "5..5", true),
    ] {
        let criterion = NumberCriterion::parse(asked).unwrap();
        assert_eq!(criterion.holds(&number(value)), expected, "{asked} {value}");
    }
    for text in ["", "eq", "xx5", "5 ", "5,4", "eq5e", "gt<5"] {
        assert_eq!(NumberCriterion::parse(text), None, "{text}");
    }
}

#[test]
fn quantities() {
    let quantity = Quantity {
        number: number("5.4"),
        system: Some("http://unitsofmeasure.org".to_owned()),
        code: Some("mg".to_owned()),
        unit: Some("milligram".to_owned()),
    };
    for (asked, expected) in [
        ("5.4", true),
        ("5.4|http://unitsofmeasure.org|mg", true),
        ("5.4|http://unitsofmeasure.org|g", false),
        ("5.4|http://unitsofmeasure.org|", true),
        ("5.4|http://other.org|mg", false),
        ("5.4||mg", true),
        ("5.4||milligram", true),
        ("5.4||g", false),
        ("5.4||", true),
        ("ap5.4|http://unitsofmeasure.org|mg", true),
        ("gt5.4||mg", false),
        ("le5.40||mg", true),
    ] {
        let criterion = QuantityCriterion::parse(asked).unwrap();
        assert_eq!(criterion.holds(&quantity), expected, "{asked}");
    }
    for text in ["", "|x|y", "5.4|mg", "5.4|a|b|c", "x||mg"] {
        assert_eq!(QuantityCriterion::parse(text), None, "{text}");
    }
}

#[test]
fn codes() {
    for (asked, system, code, expected) in [
        ("a", "urn:x", "a", true),
        ("a", "", "a", true),
        ("a", "urn:x", "A", false),
        ("urn:x|a", "urn:x", "a", true),
        ("urn:x|a", "urn:y", "a", false),
        ("urn:x|a", "", "a", false),
        ("|a", "", "a", true),
        ("|a", "urn:x", "a", false),
        ("urn:x|", "urn:x", "b", true),
        ("urn:x|", "urn:x", "", true),
        ("urn:x|", "urn:y", "b", false),
        (r"urn:x|a\|b", "urn:x", "a|b", true),
        (r"a\,b\$c\\d", "", r"a,b$c\d", true),
    ] {
        let criterion = CodeCriterion::parse(asked).unwrap();
        assert_eq!(
            criterion.holds(&Code::new(system, code)),
            expected,
            "{asked}"
        );
    }
    for text in ["", "|", "a|b|c"] {
        assert_eq!(CodeCriterion::parse(text), None, "{text}");
    }
}

#[test]
fn identifiers_of_a_type() {
    let identifier = Identifier {
        value: Code::new("http://hospital/mrn", "12"),
        types: vec![
            Code::new("http://other", "MC"),
            Code::new("http://v2-0203", "MR"),
        ],
    };
    for (asked, expected) in [
        ("http://v2-0203|MR|12", true),
        ("http://v2-0203|MC|12", false),
        ("http://v2-0203|MR|13", false),
        ("http://other|MC|12", true),
    ] {
        assert_eq!(
            OfType::parse(asked).unwrap().holds(&identifier),
            expected,
            "{asked}"
        );
    }
    for text in ["MR|12", "|MR|12", "a||12", "a|b|", "a|b|c|d", ""] {
        assert_eq!(OfType::parse(text), None, "{text}");
    }
}

#[test]
fn uris() {
    for (mode, asked, value, expected) in [
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
    ] {
        let text = asked.to_owned();
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

fn text_answer(mode: TextMode, asked: &str, value: &str) -> Answer {
    TextCriterion::new(mode, asked).answer(&Text::new(value))
}

#[test]
fn strings() {
    for (mode, asked, value, expected) in [
        (TextMode::Starts, "eve", "Eve", Answer::Holds),
        (TextMode::Starts, "eve", "Evelyn", Answer::Holds),
        (TextMode::Starts, "eve", "Steve", Answer::Fails),
        (TextMode::Starts, "EVÉ", "evelyn", Answer::Holds),
        (TextMode::Contains, "eve", "Severine", Answer::Holds),
        (TextMode::Contains, "EVE", "Sévérine", Answer::Holds),
        (TextMode::Contains, "evy", "Severine", Answer::Fails),
        (TextMode::Exact, "Eve", "Eve", Answer::Holds),
        (TextMode::Exact, "eve", "Eve", Answer::Fails),
        (TextMode::Exact, "EVE", "Eve", Answer::Fails),
        (TextMode::Exact, "Eve", "Evelyn", Answer::Fails),
        (TextMode::Exact, "Eve", "Evé", Answer::Fails),
    ] {
        assert_eq!(
            text_answer(mode, asked, value),
            expected,
            "{mode:?} {asked} {value}"
        );
    }
    let long = format!("{}b", "a".repeat(64));
    for (mode, asked, expected) in [
        (TextMode::Starts, "aaa".to_owned(), Answer::Holds),
        (TextMode::Starts, "ab".to_owned(), Answer::Fails),
        (TextMode::Starts, long.clone(), Answer::Unknown),
        (TextMode::Contains, "ab".to_owned(), Answer::Unknown),
        (TextMode::Exact, "a".repeat(64), Answer::Fails),
        (TextMode::Exact, long.clone(), Answer::Unknown),
    ] {
        assert_eq!(
            text_answer(mode, &asked, &long),
            expected,
            "{mode:?} {asked}"
        );
    }
}

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

#[test]
fn escapes_hide_separators() {
    assert_eq!(split_escaped(r"a\,b,c\\,d", ','), [r"a\,b", r"c\\", "d"]);
    assert_eq!(split_escaped("", ','), [""]);
    assert_eq!(split_escaped(",", ','), ["", ""]);
    assert_eq!(unescaped(r"a\,b\|c\$d\\e\f\"), r"a,b|c$d\e\f\");
}
