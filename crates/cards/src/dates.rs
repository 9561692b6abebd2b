//! Elements as dates (<https://hl7.org/fhir/R4/search.html#date>).

use crate::texts::member;
use fhir::{Node, json::Value};
use index::{DateRange, Moment};

/// The range of a date, dateTime, instant, Period or Timing.
pub(crate) fn of(element: Node<'_>) -> Option<DateRange> {
    match element.type_name() {
        "date" | "dateTime" | "instant" => DateRange::of_date(element.value.as_str()?),
        "Period" => period(element.value),
        "Timing" => timing(element.value),
        _ => None,
    }
}

fn period(value: &Value) -> Option<DateRange> {
    DateRange::of_period(member(value, "start"), member(value, "end"))
}

/// The outer limits alone: its events and the bounds of its repetition.
fn timing(value: &Value) -> Option<DateRange> {
    let events = value.get("event").and_then(Value::as_array);
    let events = events.unwrap_or_default().iter().filter_map(Value::as_str);
    let repeat = value.get("repeat").and_then(|it| it.get("boundsPeriod"));
    let ranges = events.filter_map(DateRange::of_date);
    ranges.chain(repeat.and_then(period)).reduce(hull)
}

fn hull(one: DateRange, other: DateRange) -> DateRange {
    let first = |one: Moment, other: Moment| {
        if other.millis < one.millis {
            other
        } else {
            one
        }
    };
    let last = |one: Moment, other: Moment| {
        if other.millis > one.millis {
            other
        } else {
            one
        }
    };
    DateRange {
        from: one
            .from
            .zip(other.from)
            .map(|(one, other)| first(one, other)),
        until: one
            .until
            .zip(other.until)
            .map(|(one, other)| last(one, other)),
    }
}
