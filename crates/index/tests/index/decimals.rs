//! Exact decimals against whole numbers of 128 bits.

use crate::dice::{Dice, cases};
use index::{Decimal, DecimalText};
use std::cmp::Ordering;

/// A text, and its number times 10^12.
fn text(dice: &mut Dice) -> (String, i128) {
    let sign = if dice.one_in(3) { "-" } else { "" };
    let longest = dice.pick(&[9, 9_999, 999_999_999]);
    let whole = dice.between(0, longest);
    let places = dice.below(7);
    let fraction = dice.between(0, 10_i64.pow(u32::try_from(places).unwrap()) - 1);
    let power = dice.between(-6, 6);
    let mut written = format!("{sign}{whole}");
    if places > 0 {
        written += &format!(".{fraction:0places$}");
    }
    if power != 0 || dice.one_in(4) {
        written += &format!("e{power}");
    }
    let scaled = i128::from(whole) * 1_000_000
        + i128::from(fraction) * 10_i128.pow(u32::try_from(6 - places).unwrap());
    let scaled = if sign == "-" { -scaled } else { scaled };
    (
        written,
        scaled * 10_i128.pow(u32::try_from(power + 6).unwrap()),
    )
}

#[test]
fn decimals_compare_as_numbers() {
    for case in cases() {
        let mut dice = Dice::new(case);
        let ((one, scaled), (other, others)) = (text(&mut dice), text(&mut dice));
        let parse = |text: &str| DecimalText::parse(text).unwrap();
        let found = parse(&one).value().cmp(parse(&other).value());
        assert_eq!(found, scaled.cmp(&others), "{one} {other}");
        let again = parse(&format!(
            "{one}{}",
            if one.contains('e') { "" } else { "e0" }
        ));
        assert_eq!(again.value(), parse(&one).value());
    }
}

#[test]
fn ranges_are_half_a_unit_and_a_tenth() {
    let value = |text: &str| DecimalText::parse(text).unwrap().value().clone();
    for (text, low, high) in [
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("1e2", "95", "105"),
        ("1.0e2", "95", "105"),
        ("5.4", "5.35", "5.45"),
        ("5.40e-3", "0.005395", "0.005405"),
        ("5.4e-3", "0.00535", "0.00545"),
        ("0", "-0.5", "0.5"),
        ("-1", "-1.5", "-0.5"),
        ("0.3", "0.25", "0.35"),
        ("-0.0", "-0.05", "0.05"),
        ("999.5", "999.45", "999.55"),
    ] {
        let range = DecimalText::parse(text).unwrap().implicit_range();
        assert_eq!(range, [value(low), value(high)], "{text}");
    }
    for (text, low, high) in [
        ("100", "90", "110"),
        ("-20", "-22", "-18"),
        ("0", "0", "0"),
        ("1.23", "1.107", "1.353"),
    ] {
        let range = DecimalText::parse(text).unwrap().about();
        assert_eq!(range, [value(low), value(high)], "{text}");
    }
}

#[test]
fn far_powers_cost_what_their_texts_cost() {
    let value = |text: &str| DecimalText::parse(text).unwrap();
    let (huge, tiny) = (value("1e999999999"), value("-1e-999999999"));
    assert_eq!(huge.value().cmp(tiny.value()), Ordering::Greater);
    for text in [&huge, &tiny, &value("0e999999999"), &value("0e-999999999")] {
        let [low, high] = text.implicit_range();
        assert!(low < high);
        let [low, high] = text.about();
        assert!(low <= high);
    }
    let long = "9".repeat(1_024);
    assert!(value(&long).value() > &Decimal::zero());
    assert_eq!(DecimalText::parse(&"9".repeat(1_025)), None);
}

#[test]
fn what_is_no_decimal_is_refused() {
    for text in [
        "",
        "-",
        "+1",
        "01",
        "00",
        ".5",
        "5.",
        "1e",
        "1e+",
        "e5",
        "1.e5",
        "--1",
        "1 ",
        " 1",
        "1,5",
        "0x1",
        "NaN",
        "1e1234567890",
        "1.5.2",
        "1e5.5",
        "٣",
    ] {
        assert_eq!(DecimalText::parse(text), None, "{text}");
    }
    for text in ["0", "-0", "0.0", "1E5", "1e+05", "-0.10", "10"] {
        assert_eq!(DecimalText::parse(text).unwrap().as_str(), text);
    }
}
