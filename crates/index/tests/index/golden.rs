//! Our own bytes, against `golden.json`, which `make_golden.py` computed apart from this
//! code. A test here that fails means that stored cards would no longer be read, or rows
//! no longer found: never regenerate the file to make it pass.

use index::{
    Card, Code, DateCriterion, DateRange, DecimalText, Fact, Facts, Identifier, Labels, Number,
    NumberCriterion, ParameterNumber, Quantity, Reading, Reference, Text, TokenValue, Uri, Value,
    Values, Zone, date_pair_query, date_query, date_rows, number_query, number_rows,
};
use serde_json::Value as Json;
use std::{collections::BTreeMap, path::Path};

fn vectors() -> Json {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    serde_json::from_slice(&std::fs::read(folder.join("golden.json")).unwrap()).unwrap()
}

fn elements<'a>(json: &'a Json, member: &str) -> &'a [Json] {
    let elements = json[member].as_array().unwrap();
    assert!(!elements.is_empty(), "{member}");
    elements
}

fn optional(json: &Json) -> Option<String> {
    json.as_str().map(str::to_owned)
}

fn date(json: &Json) -> DateRange {
    if let Some(text) = json["date"].as_str() {
        return DateRange::of_date(text).unwrap();
    }
    let period = &json["period"];
    DateRange::of_period(period[0].as_str(), period[1].as_str()).unwrap()
}

fn number(json: &Json) -> Number {
    if let Some(text) = json.as_str() {
        return Number::Point(DecimalText::parse(text).unwrap());
    }
    if let Some(comparator) = json["comparator"].as_str() {
        return Number::compared(comparator, json["value"].as_str().unwrap()).unwrap();
    }
    let range = &json["range"];
    Number::range(range[0].as_str(), range[1].as_str()).unwrap()
}

fn code(json: &Json) -> Code {
    Code {
        system: optional(&json[0]),
        code: optional(&json[1]),
    }
}

fn tag(json: &Json) -> model::Tag {
    json.as_str().unwrap().parse().unwrap()
}

fn value(json: &Json) -> Value {
    let has = |member: &str| json.get(member);
    if has("date").or(has("period")).is_some() {
        Value::Date(date(json))
    } else if let Some(json) = has("number") {
        Value::Number(number(json))
    } else if let Some(text) = has("quantity") {
        Value::Quantity(Quantity {
            number: number(text),
            system: optional(&json["system"]),
            code: optional(&json["code"]),
            unit: optional(&json["unit"]),
        })
    } else if let Some(json) = has("code") {
        Value::Code(code(json))
    } else if let Some(of_identifier) = has("identifier") {
        Value::Identifier(Identifier {
            value: code(of_identifier),
            types: json["types"].as_array().unwrap().iter().map(code).collect(),
        })
    } else if let Some(json) = has("uri") {
        Value::Uri(Uri::new(json.as_str().unwrap()))
    } else if let Some(json) = has("canonical") {
        Value::Uri(Uri::canonical(json.as_str().unwrap()))
    } else if let Some(target) = has("reference") {
        Value::Reference(Reference {
            target: tag(target),
            resource_type: optional(&json["type"]).unwrap(),
        })
    } else if let Some(text) = has("text") {
        let text = text.as_str().unwrap();
        let normal = sealing::normal_form(text);
        assert_eq!(normal, json["normal"].as_str().unwrap(), "{text}");
        Value::Text(Text::new(text))
    } else {
        let components = elements(json, "composite");
        let list = |json: &Json| json.as_array().unwrap().iter().map(value).collect();
        Value::Composite(components.iter().map(list).collect())
    }
}

fn fact<T: Default>(json: Option<&Json>, known: impl FnOnce(&Json) -> T) -> Fact<T> {
    match json {
        None => Fact::Known(T::default()),
        Some(json) if json.as_str() == Some("cut") => Fact::Cut,
        Some(json) => Fact::Known(known(json)),
    }
}

fn card(json: &Json) -> Card {
    let of = |member: &str| json["facts"].get(member);
    let tags = |json: &Json| json.as_array().unwrap().iter().map(tag).collect();
    let labels = |json: &Json| Labels {
        rules: u32::try_from(json["rules"].as_u64().unwrap()).unwrap(),
        list: (json["list"].as_array().unwrap().iter())
            .map(|label| [0, 1].map(|at| label[at].as_str().unwrap().to_owned()))
            .collect(),
    };
    let mut values = BTreeMap::new();
    for (name, json) in json["values"].as_object().unwrap() {
        let (resource_type, parameter) = name.split_once('.').unwrap();
        let list = json["list"].as_array().unwrap().iter().map(value).collect();
        let cut = json.get("cut").is_some();
        values.insert(
            ParameterNumber::of(resource_type, parameter),
            Values { list, cut },
        );
    }
    Card {
        facts: Facts {
            labels: fact(of("labels"), labels),
            authors: fact(of("authors"), tags),
            clinical_date: fact(of("clinicalDate"), |json| Some(date(json))),
            related: fact(of("related"), tags),
        },
        values,
    }
}

#[test]
fn numbers_of_parameters() {
    for (name, number) in vectors()["parameters"].as_object().unwrap() {
        let (resource_type, parameter) = name.split_once('.').unwrap();
        let made = ParameterNumber::of(resource_type, parameter);
        assert_eq!(u64::from(made.get()), number.as_u64().unwrap(), "{name}");
    }
}

#[test]
fn insides_of_cards() {
    for vector in elements(&vectors(), "cards") {
        let (name, content) = (&vector["name"], vector["content"].as_str().unwrap());
        let card = card(vector);
        assert_eq!(hex::encode(&*card.encode()), content, "{name}");
        assert_eq!(
            Card::decode(&hex::decode(content).unwrap()),
            Ok(card),
            "{name}"
        );
    }
}

/// Cards of which not everything fits are written alike too.
#[test]
fn insides_of_cards_that_are_cut() {
    for vector in elements(&vectors(), "cut_cards") {
        let (name, content) = (&vector["name"], vector["content"].as_str().unwrap());
        let encoded = card(vector).encode();
        assert!(hex::encode(&*encoded) == content, "{name}");
        let read = Card::decode(&encoded).unwrap();
        assert!(read.values.values().any(|values| values.cut), "{name}");
        assert!(*read.encode() == *encoded, "{name}");
    }
}

/// `docs/storage-format.md` lists them all.
#[test]
fn well_known_texts_are_those_of_the_document() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let document = std::fs::read_to_string(root.join("docs/storage-format.md")).unwrap();
    let (_, list) = document
        .split_once("Well-known texts by their numbers")
        .unwrap();
    let listed: Vec<&str> = list.split("```").nth(1).unwrap().trim().lines().collect();
    let golden = vectors();
    let texts = elements(&golden, "well_known");
    let numbered = texts
        .iter()
        .enumerate()
        .map(|(n, text)| format!("{n} {}", text.as_str().unwrap()));
    assert_eq!(listed, numbered.collect::<Vec<_>>());
}

#[test]
fn well_known_texts_keep_their_numbers() {
    let texts = vectors()["well_known"].clone();
    for (number, text) in texts.as_array().unwrap().iter().enumerate() {
        let text = text.as_str().unwrap();
        let values: Values = vec![Value::Uri(Uri::new(text))].into();
        let parameter = ParameterNumber::new(1);
        let card = Card {
            values: BTreeMap::from([(parameter, values)]),
            ..Card::default()
        };
        let encoded = card.encode();
        let reference = u16::try_from(2 * number + 1).unwrap();
        let [high, low] = (reference | 0x8000).to_be_bytes();
        let written = if reference < 0x80 {
            vec![low & 0x7F]
        } else {
            vec![high, low]
        };
        assert!(
            encoded.ends_with(&[&[6, 0], &written[..]].concat()),
            "{text}"
        );
        assert_eq!(Card::decode(&encoded), Ok(card), "{text}");
    }
    // There are no others: a card with one text, by its number.
    let decoded = |number: usize| {
        let reference = u16::try_from(2 * number + 1).unwrap() | 0x8000;
        let [high, low] = reference.to_be_bytes();
        Card::decode(&[0, 1, 0, 0, 0, 1, 2, 4, 6, 0, high, low])
    };
    let count = texts.as_array().unwrap().len();
    assert!(decoded(count - 1).is_ok() && decoded(count).is_err());
}

fn texts(tokens: &[TokenValue]) -> Vec<String> {
    tokens.iter().map(ToString::to_string).collect()
}

fn expected(vector: &Json, member: &str) -> Vec<String> {
    elements(vector, member)
        .iter()
        .map(|text| optional(text).unwrap())
        .collect()
}

/// The zone of a vector: its offset in minutes.
fn zone(vector: &Json) -> Zone {
    Zone::fixed(vector["offset"].as_i64().unwrap() * 60_000)
}

#[test]
fn rows_of_dates_and_numbers() {
    let golden = vectors();
    for vector in elements(&golden, "date_rows") {
        let dates: Vec<_> = elements(vector, "values").iter().map(date).collect();
        assert_eq!(
            texts(&date_rows(&dates)),
            expected(vector, "rows"),
            "{vector}"
        );
    }
    for vector in elements(&golden, "number_rows") {
        let numbers: Vec<_> = elements(vector, "values").iter().map(number).collect();
        assert_eq!(
            texts(&number_rows(&numbers)),
            expected(vector, "rows"),
            "{vector}"
        );
    }
}

#[test]
fn tokens_of_queries_for_dates_and_numbers() {
    let golden = vectors();
    let asked = |json: &Json| DateCriterion::parse(json.as_str().unwrap()).unwrap();
    for vector in elements(&golden, "date_queries") {
        let (zone, periods) = (zone(vector), vector["periods"].as_bool().unwrap());
        let reading = Reading {
            zone: &zone,
            now: 0,
        };
        let tokens = date_query(&asked(&vector["query"]), &reading, periods);
        assert_eq!(texts(&tokens), expected(vector, "tokens"), "{vector}");
    }
    for vector in elements(&golden, "date_pairs") {
        let (zone, periods) = (zone(vector), vector["periods"].as_bool().unwrap());
        let reading = Reading {
            zone: &zone,
            now: 0,
        };
        let (lower, upper) = (asked(&vector["lower"]), asked(&vector["upper"]));
        let tokens = date_pair_query(&lower, &upper, &reading, periods).unwrap();
        assert_eq!(texts(&tokens), expected(vector, "tokens"), "{vector}");
    }
    for vector in elements(&golden, "number_queries") {
        let asked = NumberCriterion::parse(vector["query"].as_str().unwrap()).unwrap();
        let tokens = number_query(&asked, vector["ranges"].as_bool().unwrap());
        assert_eq!(texts(&tokens), expected(vector, "tokens"), "{vector}");
    }
}
