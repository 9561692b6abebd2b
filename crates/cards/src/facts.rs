//! The facts of a card (docs/storage-format.md, "What stands in a card").

use crate::{Source, number_of};
use index::{Card, Fact, Facts, Labels, Value};
use model::Tag;

/// Parameters that name who made a record.
const AUTHORS: [&str; 6] = [
    "author",
    "recorder",
    "asserter",
    "requester",
    "performer",
    "enterer",
];
/// Parameters that say when what a record tells of happened, the first that is there.
const CLINICAL_DATES: [&str; 12] = [
    "date",
    "effective",
    "effective-time",
    "onset-date",
    "occurrence",
    "period",
    "authored",
    "authoredon",
    "authored-on",
    "recorded-date",
    "created",
    "issued",
];

pub(crate) fn of(source: &Source<'_>, card: &Card) -> Facts {
    Facts {
        labels: Fact::Known(labels(source)),
        authors: authors(source, card),
        clinical_date: Fact::Known(
            CLINICAL_DATES
                .iter()
                .find_map(|code| first_date(source, card, code)),
        ),
        related: Fact::Known(related(source)),
    }
}

/// Those of `meta.security`: no rules have derived any.
fn labels(source: &Source<'_>) -> Labels {
    let given = source.resource.security_labels().into_iter();
    let texts = given.map(|label| [label.system, label.code].map(Option::unwrap_or_default));
    let mut list: Vec<[String; 2]> = texts.filter(|label| label.concat() != "").collect();
    list.sort_unstable();
    list.dedup();
    Labels { rules: 0, list }
}

/// Records of this facility alone.
fn authors(source: &Source<'_>, card: &Card) -> Fact<Vec<Tag>> {
    let mut tags = Vec::new();
    for code in AUTHORS {
        let Some(values) = card
            .values
            .get(&number_of(source.resource.resource_type(), code))
        else {
            continue;
        };
        if values.cut {
            return Fact::Cut;
        }
        tags.extend(values.list.iter().filter_map(|value| match value {
            Value::Reference(reference) => Some(reference.target),
            _ => None,
        }));
    }
    tags.sort_unstable();
    tags.dedup();
    Fact::Known(tags)
}

fn first_date(source: &Source<'_>, card: &Card, code: &str) -> Option<index::DateRange> {
    let values = card
        .values
        .get(&number_of(source.resource.resource_type(), code))?;
    values.list.iter().find_map(|value| match value {
        Value::Date(date) => Some(*date),
        _ => None,
    })
}

/// The record by whose rules a Binary goes.
fn related(source: &Source<'_>) -> Vec<Tag> {
    let context = source.resource.security_context(source.local);
    let tags = context.map(|named| (source.record_tag)(&named.resource_type, &named.id));
    tags.into_iter().collect()
}
