//! Properties of exact JSON: nothing is lost, the canonical form is one, and
//! what is JSON is decided as serde_json decides it, our own refusals apart.

#![expect(clippy::expect_used, reason = "test code")]

use fhir::json::{JsonFault, NumberText, Object, Value, parse};
use proptest::prelude::*;

fn number() -> impl Strategy<Value = Value> {
    "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?"
        .prop_map(|text| Value::Number(NumberText::new(&text).expect("the grammar")))
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number(),
        any::<String>().prop_map(Value::String),
        "[\\x00-\\x7f\"\\\\/\u{7f}-\u{9f}😀ä]{0,12}".prop_map(Value::String),
    ]
}

fn object(of: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    prop::collection::vec((any::<String>(), of), 0..6)
        .prop_map(|members| Value::Object(members.into_iter().collect::<Object>()))
}

fn document() -> impl Strategy<Value = Value> {
    let value = leaf().prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            object(inner),
        ]
    });
    object(value)
}

/// Text that is JSON or nearly so.
fn nearly_json() -> impl Strategy<Value = Vec<u8>> {
    let tokens = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u",
        "\\ud83d\\ude00",
        "\\ud800",
        "0",
        "1.5",
        "-",
        "e",
        "+",
        ".",
        "01",
        "true",
        "false",
        "null",
        "nul",
        " ",
        "\n",
        "\t",
        "\"a\"",
        "\"b\":",
        "\"c\":1",
        "ä",
        "\u{feff}",
        "\u{1}",
        "x",
    ]);
    prop::collection::vec(tokens, 0..24).prop_map(|tokens| {
        let inner = tokens.concat();
        format!("{{\"k\":{inner}}}").into_bytes()
    })
}

/// Whether serde_json takes it; it keeps no value, so that it refuses none for
/// its size.
fn is_json(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

fn agrees(bytes: &[u8]) -> Result<(), TestCaseError> {
    match parse(bytes) {
        Ok(_) => prop_assert!(is_json(bytes)),
        Err(error) => {
            let own_rule = matches!(
                error.fault,
                JsonFault::DuplicateKey
                    | JsonFault::LoneSurrogate
                    | JsonFault::TooDeep
                    | JsonFault::NotAnObject
            );
            prop_assert!(own_rule || !is_json(bytes), "{error}");
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn canonical_bytes_parse_to_the_same_value_and_again_to_the_same_bytes(value in document()) {
        let bytes = value.to_canonical();
        let read = parse(&bytes).expect("canonical bytes are JSON");
        prop_assert!(read == value);
        prop_assert_eq!(read.to_canonical(), bytes.clone());
        prop_assert!(is_json(&bytes));
    }

    #[test]
    fn another_writing_of_the_same_value_has_the_same_canonical_bytes(value in document()) {
        let bytes = value.to_canonical();
        let text = String::from_utf8(bytes.clone()).expect("UTF-8");
        let spaced: String = outside_strings(&text, |c| match c {
            '{' | '[' | ',' | ':' => format!("{c} \n\t\r"),
            '}' | ']' => format!(" {c}"),
            c => c.to_string(),
        });
        let escaped: String = inside_strings(&spaced);
        let read = parse(escaped.as_bytes()).expect("still JSON");
        prop_assert_eq!(read.to_canonical(), bytes);
    }

    #[test]
    fn any_bytes_are_taken_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        agrees(&bytes)?;
    }

    #[test]
    fn what_is_nearly_json_is_judged_as_serde_json_judges_it(bytes in nearly_json()) {
        agrees(&bytes)?;
    }

    #[test]
    fn a_changed_byte_is_judged_as_serde_json_judges_it(
        value in document(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = value.to_canonical();
        let at = at.index(bytes.len());
        if let Some(slot) = bytes.get_mut(at) {
            *slot = byte;
        }
        agrees(&bytes)?;
    }
}

/// Applies `change` to the characters outside strings.
fn outside_strings(text: &str, change: impl Fn(char) -> String) -> String {
    let (mut inside, mut escaped) = (false, false);
    text.chars()
        .map(|c| {
            let plain = !inside && c != '"';
            if !escaped && c == '"' {
                inside = !inside;
            }
            escaped = inside && !escaped && c == '\\';
            if plain { change(c) } else { c.to_string() }
        })
        .collect()
}

/// Writes every character above ASCII, and `/`, as an escape.
fn inside_strings(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_ascii() && c != '/' {
                return c.to_string();
            }
            let mut units = [0; 2];
            c.encode_utf16(&mut units)
                .iter()
                .map(|unit| format!("\\u{unit:04X}"))
                .collect()
        })
        .collect()
}
