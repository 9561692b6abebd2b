//! Cards as a whole: what fits comes back, what does not is said to be cut, and nothing
//! that can be stored breaks the reader.

use crate::dice::{Dice, cases};
use index::{
    Card, Code, DateRange, DecimalText, Fact, Facts, Identifier, Labels, Number, ParameterNumber,
    Quantity, Reference, Text, Uri, Value, Values,
};
use model::Tag;
use proptest::prelude::*;
use std::collections::BTreeMap;

const TEXTS: [&str; 10] = [
    "http://loinc.org",
    "8867-4",
    "Müller",
    "",
    "王",
    "urn:x",
    "a longer text that is no code",
    "http://x.example/vs|1",
    "true",
    "Patient",
];

fn tag(dice: &mut Dice) -> Tag {
    Tag::new([u8::try_from(dice.below(256)).unwrap(); 16])
}

fn text(dice: &mut Dice) -> String {
    let text = dice.pick(&TEXTS);
    if dice.one_in(4) {
        format!("{text}{}", dice.below(1_000))
    } else {
        text.to_owned()
    }
}

fn optional(dice: &mut Dice) -> Option<String> {
    Some(text(dice)).filter(|text| !text.is_empty())
}

fn code(dice: &mut Dice) -> Code {
    Code {
        system: optional(dice),
        code: optional(dice),
    }
}

fn number(dice: &mut Dice) -> Number {
    let one = format!("{}.{}", dice.between(-99, 99), dice.below(100));
    match dice.below(5) {
        0 => Number::compared(dice.pick(&["<", "<=", ">=", ">"]), &one),
        1 => Number::range(Some(&one), Some("17")),
        2 => Number::range(None, Some(&one)),
        _ => DecimalText::parse(&one).map(Number::Point),
    }
    .unwrap()
}

fn date(dice: &mut Dice) -> DateRange {
    let dates = [
        "2019",
        "2019-02",
        "2020-02",
        "2019-03-05",
        "2019-03-05T10:00Z",
        "0001",
        "2019-03-05T10:00:00.123+01:00",
        "9999-12-31T23:59:59",
    ];
    let (one, other) = (dice.pick(&dates), dice.pick(&dates));
    match dice.below(4) {
        0 => DateRange::of_period(Some(one), Some(other)),
        1 => DateRange::of_period(Some(one), None),
        2 => DateRange::of_period(None, Some(one)),
        _ => DateRange::of_date(one),
    }
    .unwrap()
}

fn value(dice: &mut Dice, composite: bool) -> Value {
    match dice.below(if composite { 9 } else { 8 }) {
        0 => Value::Date(date(dice)),
        1 => Value::Number(number(dice)),
        2 => Value::Quantity(Quantity {
            number: number(dice),
            system: optional(dice),
            code: optional(dice),
            unit: optional(dice),
        }),
        3 => Value::Code(code(dice)),
        4 => Value::Identifier(Identifier {
            value: code(dice),
            types: (0..dice.below(3)).map(|_| code(dice)).collect(),
        }),
        5 => Value::Uri(Uri {
            text: text(dice),
            canonical: dice.one_in(2),
        }),
        6 => Value::Reference(Reference {
            target: tag(dice),
            resource_type: text(dice),
        }),
        7 => Value::Text(Text::new(&text(dice).repeat(1 + dice.below(6)))),
        _ => {
            let component =
                |dice: &mut Dice| (0..dice.below(3)).map(|_| value(dice, false)).collect();
            Value::Composite((0..1 + dice.below(3)).map(|_| component(dice)).collect())
        }
    }
}

fn fact<T: Default>(dice: &mut Dice, known: impl FnOnce(&mut Dice) -> T) -> Fact<T> {
    match dice.below(6) {
        0 => Fact::Cut,
        1 => Fact::Known(T::default()),
        _ => Fact::Known(known(dice)),
    }
}

fn card(dice: &mut Dice) -> Card {
    let tags = |dice: &mut Dice| (0..dice.below(4)).map(|_| tag(dice)).collect();
    let facts = Facts {
        labels: fact(dice, |dice| Labels {
            rules: u32::try_from(dice.below(1_000_000)).unwrap(),
            list: (0..dice.below(4))
                .map(|_| [text(dice), text(dice)])
                .collect(),
        }),
        authors: fact(dice, tags),
        clinical_date: fact(dice, |dice| Some(date(dice))),
        related: fact(dice, tags),
    };
    let mut values = BTreeMap::new();
    for _ in 0..dice.below(12) {
        let number = ParameterNumber::new(u32::try_from(dice.between(0, 0xFFFF_FFFF)).unwrap());
        let list: Vec<Value> = (0..1 + dice.below(4)).map(|_| value(dice, true)).collect();
        values.insert(
            number,
            Values {
                list,
                cut: dice.one_in(8),
            },
        );
    }
    Card { facts, values }
}

#[test]
fn what_is_written_is_read() {
    for case in cases() {
        let mut dice = Dice::new(case);
        let card = card(&mut dice);
        let encoded = card.encode();
        assert_eq!(Card::decode(&encoded).as_ref(), Ok(&card), "case {case}");
        let shorter = &encoded[..dice.below(encoded.len())];
        assert!(Card::decode(shorter).is_err(), "case {case}");
    }
}

#[test]
fn only_what_is_wanted_is_read() {
    let card = card(&mut Dice::new(11));
    let wanted = *card.values.keys().next().unwrap();
    let read = Card::decode_of(&card.encode(), |number| number == wanted).unwrap();
    assert_eq!(read.facts, card.facts);
    assert_eq!(
        read.values,
        BTreeMap::from([(wanted, card.values[&wanted].clone())])
    );
}

fn card_of(values: impl IntoIterator<Item = (u32, Vec<Value>)>) -> Card {
    let values = values
        .into_iter()
        .map(|(number, list)| (ParameterNumber::new(number), list.into()));
    Card {
        values: values.collect(),
        ..Card::default()
    }
}

#[test]
fn what_does_not_fit_is_cut_and_said_to_be() {
    let codes = |count: usize| -> Vec<Value> {
        (0..count)
            .map(|n| Value::Code(Code::new("urn:x", &format!("code-{n}"))))
            .collect()
    };
    let many = card_of((1..=8).map(|number| (number, codes(2_000))));
    let encoded = many.encode();
    assert!(encoded.len() <= 12_288 + 8 * 9 + 4);
    let read = Card::decode(&encoded).unwrap();
    assert_eq!(read.values.len(), 8);
    for (number, values) in &read.values {
        assert!(values.cut, "{number}");
        assert!(
            values.list[..] == codes(2_000)[..values.list.len()],
            "{number}"
        );
    }
    assert!(read.values[&ParameterNumber::new(1)].list.len() > 200);
    assert!(read.values[&ParameterNumber::new(8)].list.is_empty());

    // A text that is too long takes its value with it, and those after.
    let long = Value::Uri(Uri::new(&"x".repeat(1_025)));
    let short = Value::Uri(Uri::new(&"x".repeat(1_024)));
    let read = Card::decode(&card_of([(1, vec![short.clone(), long, short.clone()])]).encode());
    let expected = Values {
        list: vec![short],
        cut: true,
    };
    assert_eq!(read.unwrap().values[&ParameterNumber::new(1)], expected);
}

#[test]
fn a_fact_that_does_not_fit_is_cut() {
    let tags = vec![Tag::new([7; 16]); 1_000];
    let facts = Facts {
        related: Fact::Known(tags),
        ..Facts::default()
    };
    let card = Card {
        facts,
        ..Card::default()
    };
    let read = Card::decode(&card.encode()).unwrap();
    assert_eq!(
        read.facts,
        Facts {
            related: Fact::Cut,
            ..Facts::default()
        }
    );
}

#[test]
fn a_composite_within_another_has_no_form() {
    let inner = Value::Composite(vec![vec![Value::Code(Code::new("a", "b"))]]);
    let card = card_of([(1, vec![Value::Composite(vec![vec![inner]])])]);
    let read = Card::decode(&card.encode()).unwrap();
    let expected = Values {
        list: Vec::new(),
        cut: true,
    };
    assert_eq!(read.values[&ParameterNumber::new(1)], expected);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

    #[test]
    fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        drop(Card::decode(&bytes));
    }

    #[test]
    fn no_change_of_a_card_is_too_strange(
        case in any::<u64>(),
        changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = card(&mut Dice::new(case)).encode().to_vec();
        let length = bytes.len();
        for (at, byte) in changes {
            bytes[usize::from(at) % length] = byte;
        }
        if let Ok(card) = Card::decode(&bytes) {
            // What can be read can be written; it may have been written at more length.
            prop_assert_eq!(Card::decode(&card.encode()).map(|card| card.values.len()), Ok(card.values.len()));
        }
    }
}
