//! Cards as a whole: what fits comes back, what does not is said to be cut, and nothing
//! that can be stored breaks the reader.

use crate::{
    dice::{Dice, cases},
    random_card::card,
};
use index::{
    Answer, Card, Code, CodeCriterion, Condition, Criterion, Fact, Facts, ParameterNumber, Reading,
    Uri, Value, Values, Zone,
};
use model::Tag;
use proptest::prelude::*;
use std::collections::BTreeMap;

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
fn a_cut_card_never_says_more_than_the_record() {
    let zone = Zone::utc();
    let reading = Reading {
        zone: &zone,
        now: 0,
    };
    let mut unknown = 0;
    for case in 0..300 {
        let mut dice = Dice::new(case);
        let longest = dice.pick(&[4, 900]);
        let named = |n: usize| Code::new("urn:x", &format!("code-{n}"));
        let list = (0..dice.below(longest)).map(|n| Value::Code(named(n)));
        let whole = card_of([(1, list.collect())]);
        let read = Card::decode(&whole.encode()).unwrap();
        let asked = CodeCriterion::parse(&format!("code-{}", dice.below(longest))).unwrap();
        let criteria = vec![Criterion::Code(asked)];
        let conditions = [
            Condition::Any(criteria.clone()),
            Condition::NotAny(criteria),
            Condition::Missing(true),
            Condition::Missing(false),
        ];
        let none = Values::default();
        let of = |card: &Card, condition: &Condition| {
            let values = card.values.get(&ParameterNumber::new(1)).unwrap_or(&none);
            condition.answer(Some(values), &reading)
        };
        for condition in conditions {
            let (told, truth) = (of(&read, &condition), of(&whole, &condition));
            assert!(told == truth || told == Answer::Unknown, "case {case}");
            unknown += usize::from(told == Answer::Unknown);
        }
    }
    assert!(unknown > 10 && unknown < 300);
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
