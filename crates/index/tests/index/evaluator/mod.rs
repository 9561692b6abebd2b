//! The readings of R4, by its own examples where it has any
//! (<https://hl7.org/fhir/R4/search.html>).

mod codes;
mod dates;
mod numbers;
mod strings;
mod uris;
mod whole_records;

use index::{DecimalText, Number, Reading, Zone};
use model::Timestamp;

pub const UTC: Zone = Zone::utc();

fn now() -> i64 {
    "2026-11-22T12:00:00.000Z"
        .parse::<Timestamp>()
        .unwrap()
        .as_millis()
}

pub fn reading(zone: &Zone) -> Reading<'_> {
    Reading { zone, now: now() }
}

/// `low..high`, a comparator and a number, or a number.
pub fn number(text: &str) -> Number {
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
