//! Cards with facts and values of every kind.

use crate::dice::Dice;
use index::{
    Card, Code, DateRange, DecimalText, Fact, Facts, Identifier, Labels, Number, ParameterNumber,
    Quantity, Reference, Text, Uri, Value, Values,
};
use model::Tag;
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

pub fn card(dice: &mut Dice) -> Card {
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
