//! Hashes of values, by which equal ones are found without a look at all others.

use index::{Code, Number, Value};
use std::{
    hash::{Hash, Hasher},
    mem::discriminant,
};

/// Hashes all of a value: what is equal has one hash.
pub(crate) fn hash<H: Hasher>(value: &Value, state: &mut H) {
    discriminant(value).hash(state);
    match value {
        Value::Date(date) => date.hash(state),
        Value::Number(number) => hash_number(number, state),
        Value::Quantity(quantity) => {
            hash_number(&quantity.number, state);
            (&quantity.system, &quantity.code, &quantity.unit).hash(state);
        }
        Value::Code(code) => hash_code(code, state),
        Value::Identifier(identifier) => {
            hash_code(&identifier.value, state);
            identifier.types.len().hash(state);
            for code in &identifier.types {
                hash_code(code, state);
            }
        }
        Value::Uri(uri) => (&uri.text, uri.canonical).hash(state),
        Value::Reference(reference) => {
            (reference.target, &reference.resource_type).hash(state);
        }
        Value::Text(text) => {
            (&text.received, text.received_cut).hash(state);
            (&text.normal, text.normal_cut).hash(state);
        }
        Value::Composite(parts) => {
            parts.len().hash(state);
            for part in parts {
                part.len().hash(state);
                part.iter().for_each(|value| hash(value, state));
            }
        }
    }
}

fn hash_code(code: &Code, state: &mut impl Hasher) {
    (&code.system, &code.code).hash(state);
}

fn hash_number(number: &Number, state: &mut impl Hasher) {
    discriminant(number).hash(state);
    match number {
        Number::Point(at) => at.hash(state),
        Number::Between { low, high } => {
            for end in [low, high] {
                end.as_ref().map(|end| (&end.at, end.open)).hash(state);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use index::{DateRange, DecimalText, End, Identifier, Quantity, Reference, Text, Uri};
    use model::Tag;
    use std::{
        collections::HashSet,
        hash::{BuildHasher, RandomState},
    };

    fn numbers() -> Vec<Number> {
        let at = |text| DecimalText::parse(text).unwrap();
        let end = |text, open| Some(End { at: at(text), open });
        let between = |low, high| Number::Between { low, high };
        vec![
            Number::Point(at("1")),
            Number::Point(at("1.0")),
            between(end("1", false), None),
            between(None, end("1", false)),
            between(end("1", true), None),
        ]
    }

    fn quantity(number: &Number, unit: &str) -> Value {
        Value::Quantity(Quantity {
            number: number.clone(),
            system: None,
            code: None,
            unit: Some(unit.to_owned()),
        })
    }

    fn identifier(types: &[&str]) -> Value {
        Value::Identifier(Identifier {
            value: Code::new("a", "b"),
            types: types.iter().map(|text| Code::new("", text)).collect(),
        })
    }

    fn reference(byte: u8, kind: &str) -> Value {
        Value::Reference(Reference {
            target: Tag::new([byte; 16]),
            resource_type: kind.to_owned(),
        })
    }

    /// Values of which no two are equal.
    fn different() -> Vec<Value> {
        let code = |system, code| Value::Code(Code::new(system, code));
        let text = |text| Value::Text(Text::new(text));
        let date = |text| Value::Date(DateRange::of_date(text).unwrap());
        let mut values = vec![
            date("2020"),
            date("2020-01"),
            code("a", "b"),
            code("", "ab"),
            code("ab", ""),
            identifier(&[]),
            identifier(&["a"]),
            identifier(&["a", "b"]),
            Value::Uri(Uri::new("a")),
            Value::Uri(Uri::canonical("a")),
            reference(1, "Patient"),
            reference(2, "Patient"),
            reference(1, "Device"),
            text("a"),
            text("A"),
            Value::Composite(vec![vec![text("a")], vec![text("b")]]),
            Value::Composite(vec![vec![text("a"), text("b")], vec![]]),
        ];
        for number in numbers() {
            values.push(quantity(&number, "g"));
            values.push(quantity(&number, "kg"));
            values.push(Value::Number(number));
        }
        values
    }

    #[test]
    fn equal_values_have_one_hash_and_others_another() {
        let random = RandomState::new();
        let hash = |value: &Value| {
            let mut state = random.build_hasher();
            super::hash(value, &mut state);
            state.finish()
        };
        let values = different();
        let hashes: HashSet<u64> = values.iter().map(hash).collect();
        assert_eq!(hashes.len(), values.len());
        let again = different();
        assert_eq!(again, values);
        assert!(again.iter().all(|value| hashes.contains(&hash(value))));
    }
}
