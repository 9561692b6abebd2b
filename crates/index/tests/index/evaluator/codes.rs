//! Codes and identifiers (<https://hl7.org/fhir/R4/search.html#token>).

use index::{Code, CodeCriterion, Identifier, OfType, split_escaped, unescaped};

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
fn escapes_hide_separators() {
    assert_eq!(split_escaped(r"a\,b,c\\,d", ','), [r"a\,b", r"c\\", "d"]);
    assert_eq!(split_escaped("", ','), [""]);
    assert_eq!(split_escaped(",", ','), ["", ""]);
    assert_eq!(unescaped(r"a\,b\|c\$d\\e\f\"), r"a,b|c$d\e\f\");
}
