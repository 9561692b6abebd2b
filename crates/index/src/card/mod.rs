//! The inside of an index card (docs/storage-format.md, "Index card"): the facts that a
//! decision reads, and the values of a record by parameter. `sealing::CardKey` puts the id
//! before it, pads and seals it.
//!
//! ```text
//! n(number of facts) ‖ n(number of parameters)
//! per fact:       u8 fact number ‖ n(2 × length + cut)
//! per parameter:  u32 number ‖ n(2 × number of values + cut) ‖ n(length)
//! bodies in the same order
//! ```
//!
//! What does not fit is left out and said to be cut; then the record itself is asked.

mod date_bytes;
mod fact_bytes;
mod facts;
mod flags;
mod number_bytes;
mod reader;
mod value_bytes;
mod well_known;
mod writer;

pub use facts::{Fact, Facts, Labels};

use crate::{
    parameter::ParameterNumber,
    value::{Value, Values},
};
use reader::Reader;
use std::collections::BTreeMap;
use writer::Writer;
use zeroize::Zeroizing;

/// Bytes of all bodies.
const MAX_BODIES: usize = 12_288;
/// Bytes of one body.
const MAX_BODY: usize = 4_096;
/// Number of parameters. R4 has types with 60.
const MAX_PARAMETERS: usize = 512;

/// What a record is found by and decided over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Card {
    /// What a decision reads.
    pub facts: Facts,
    /// The values by parameter. A parameter that is not here has no value, if the index
    /// epoch of the card knew it.
    pub values: BTreeMap<ParameterNumber, Values>,
}

/// The inside of a card is not of the form of this format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the index card is not of a form that this release reads; use a newer release")]
pub struct CardFault;

impl Card {
    /// The bytes inside the card, after the id and before the padding.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut heads = Zeroizing::new(Vec::new());
        let mut bodies = Writer::new(MAX_BODIES, MAX_BODY);
        let facts = fact_bytes::push(&self.facts, &mut heads, &mut bodies);
        let mut parameters = 0;
        for (number, values) in self.values.iter().take(MAX_PARAMETERS) {
            if values.list.is_empty() && !values.cut {
                continue;
            }
            let start = bodies.begin();
            let mut kept = 0;
            for value in &values.list {
                if !bodies.fits(|bodies| value_bytes::push(value, bodies)) {
                    break;
                }
                kept += 1;
            }
            let cut = values.cut || kept < values.list.len();
            heads.extend_from_slice(&number.get().to_be_bytes());
            writer::push_n(&mut heads, 2 * kept + usize::from(cut));
            writer::push_n(&mut heads, bodies.len() - start);
            parameters += 1;
        }
        let mut card = Zeroizing::new(Vec::with_capacity(8 + heads.len() + bodies.len()));
        writer::push_n(&mut card, facts);
        writer::push_n(&mut card, parameters);
        card.extend_from_slice(&heads);
        card.extend_from_slice(bodies.bytes());
        card
    }

    /// Reads what [`encode`](Self::encode) made.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, CardFault> {
        Self::decode_of(bytes, |_| true)
    }

    /// Reads the facts, and of the values those of the parameters that are wanted.
    ///
    /// # Errors
    /// When the bytes are no card; what is not wanted is not looked at.
    pub fn decode_of(
        bytes: &[u8],
        wanted: impl Fn(ParameterNumber) -> bool,
    ) -> Result<Self, CardFault> {
        read(bytes, &wanted).ok_or(CardFault)
    }
}

/// What stands of a parameter before the bodies.
struct Head {
    number: ParameterNumber,
    count: usize,
    cut: bool,
    length: usize,
}

fn read(bytes: &[u8], wanted: &dyn Fn(ParameterNumber) -> bool) -> Option<Card> {
    let mut heads = Reader::new(bytes);
    let (facts, parameters) = (heads.n()?, heads.n()?);
    if parameters > MAX_PARAMETERS {
        return None;
    }
    let fact_heads = fact_bytes::heads(facts, &mut heads)?;
    let mut parameter_heads: Vec<Head> = Vec::with_capacity(parameters);
    for _ in 0..parameters {
        let number = ParameterNumber::new(heads.u32()?);
        let (count_and_cut, length) = (heads.n()?, heads.n()?);
        if parameter_heads
            .last()
            .is_some_and(|last| last.number >= number)
        {
            return None;
        }
        parameter_heads.push(Head {
            number,
            count: count_and_cut / 2,
            cut: count_and_cut % 2 == 1,
            length,
        });
    }
    let bodies = heads.rest();
    if bodies.len() > MAX_BODIES {
        return None;
    }
    let mut reader = Reader::new(bodies);
    let facts = fact_bytes::read(&fact_heads, &mut reader)?;
    let mut values = BTreeMap::new();
    for head in parameter_heads {
        let mut body = reader.part(head.length)?;
        if wanted(head.number) {
            let list = list(head.count, &mut body)?;
            body.is_at_its_end().then_some(())?;
            let cut = head.cut;
            values.insert(head.number, Values { list, cut });
        }
    }
    reader.is_at_its_end().then_some(Card { facts, values })
}

/// A number of values, each of at least a byte.
fn list(count: usize, body: &mut Reader<'_>) -> Option<Vec<Value>> {
    let mut list = Vec::with_capacity(count.min(64));
    for _ in 0..count {
        list.push(value_bytes::read(body)?);
    }
    Some(list)
}
