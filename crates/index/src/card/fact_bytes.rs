//! Facts as bytes. A fact that says nothing is left out; one that does not fit has no
//! body and is said to be cut.

use super::{
    date_bytes,
    facts::{Fact, Facts, Labels},
    reader::Reader,
    writer::{Writer, push_n},
};
use model::Tag;

const LABELS: u8 = 1;
const AUTHORS: u8 = 2;
const CLINICAL_DATE: u8 = 3;
const RELATED: u8 = 4;

/// What stands of a fact before the bodies.
pub(super) struct FactHead {
    number: u8,
    length: usize,
    cut: bool,
}

/// Adds the facts; gives their number.
pub(super) fn push(facts: &Facts, heads: &mut Vec<u8>, bodies: &mut Writer) -> usize {
    let mut target = Target { heads, bodies };
    usize::from(target.add(LABELS, &facts.labels, push_labels))
        + usize::from(target.add(AUTHORS, &facts.authors, |tags, bodies| {
            push_tags(tags, bodies);
        }))
        + usize::from(
            target.add(CLINICAL_DATE, &facts.clinical_date, |date, bodies| {
                if let Some(date) = date {
                    date_bytes::push(date, bodies);
                }
            }),
        )
        + usize::from(target.add(RELATED, &facts.related, |tags, bodies| {
            push_tags(tags, bodies);
        }))
}

struct Target<'a> {
    heads: &'a mut Vec<u8>,
    bodies: &'a mut Writer,
}

impl Target<'_> {
    fn add<T: Default + PartialEq>(
        &mut self,
        number: u8,
        fact: &Fact<T>,
        body: impl FnOnce(&T, &mut Writer),
    ) -> bool {
        if fact.is_nothing() {
            return false;
        }
        let start = self.bodies.begin();
        let whole = match fact {
            Fact::Known(known) => self.bodies.fits(|bodies| body(known, bodies)),
            Fact::Cut => false,
        };
        self.heads.push(number);
        push_n(
            self.heads,
            2 * (self.bodies.len() - start) + usize::from(!whole),
        );
        true
    }
}

fn push_labels(labels: &Labels, bodies: &mut Writer) {
    bodies.u32(labels.rules);
    bodies.n(labels.list.len());
    for [system, code] in &labels.list {
        bodies.text(system);
        bodies.text(code);
    }
}

fn push_tags(tags: &[Tag], bodies: &mut Writer) {
    bodies.n(tags.len());
    for tag in tags {
        bodies.raw(tag.as_bytes());
    }
}

/// The heads of a number of facts, in the order of their numbers.
pub(super) fn heads(count: usize, heads: &mut Reader<'_>) -> Option<Vec<FactHead>> {
    let mut list: Vec<FactHead> = Vec::new();
    for _ in 0..count {
        let number = heads.u8()?;
        let length_and_cut = heads.n()?;
        let head = FactHead {
            number,
            length: length_and_cut / 2,
            cut: length_and_cut % 2 == 1,
        };
        let out_of_order = list.last().is_some_and(|last| last.number >= number);
        // A decision that passes over a fact may permit too much, so none is skipped.
        let unknown = !(LABELS..=RELATED).contains(&number);
        if out_of_order || unknown || head.cut && head.length > 0 {
            return None;
        }
        list.push(head);
    }
    Some(list)
}

pub(super) fn read(heads: &[FactHead], bodies: &mut Reader<'_>) -> Option<Facts> {
    let mut facts = Facts::default();
    for head in heads {
        let mut body = bodies.part(head.length)?;
        match head.number {
            LABELS => facts.labels = fact(head, &mut body, labels)?,
            AUTHORS => facts.authors = fact(head, &mut body, tags)?,
            CLINICAL_DATE => {
                facts.clinical_date =
                    fact(head, &mut body, |body| date_bytes::read(body).map(Some))?;
            }
            _ => facts.related = fact(head, &mut body, tags)?,
        }
        body.is_at_its_end().then_some(())?;
    }
    Some(facts)
}

fn fact<'a, T>(
    head: &FactHead,
    body: &mut Reader<'a>,
    read: impl FnOnce(&mut Reader<'a>) -> Option<T>,
) -> Option<Fact<T>> {
    if head.cut {
        Some(Fact::Cut)
    } else {
        read(body).map(Fact::Known)
    }
}

fn labels(body: &mut Reader<'_>) -> Option<Labels> {
    let rules = body.u32()?;
    let mut list = Vec::new();
    for _ in 0..body.n()? {
        list.push([body.owned()?, body.owned()?]);
    }
    Some(Labels { rules, list })
}

fn tags(body: &mut Reader<'_>) -> Option<Vec<Tag>> {
    let mut list = Vec::new();
    for _ in 0..body.n()? {
        list.push(body.tag()?);
    }
    Some(list)
}
