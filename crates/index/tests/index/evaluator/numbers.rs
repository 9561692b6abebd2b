//! Numbers and quantities (<https://hl7.org/fhir/R4/search.html#number>).

use super::number;
use index::{NumberCriterion, Quantity, QuantityCriterion};

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
