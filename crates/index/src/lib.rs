//! What a record is found by, without IO: its values by search parameter, what a search
//! asks of them, the inside of its index card, and the tokens that make candidates of
//! records across patients (docs/storage-format.md, "Index card" and "Tokens of index
//! epoch 2").
//!
//! Values come from whoever knows FHIR's elements. The evaluator ([`Condition`]) decides
//! by them exactly as <https://hl7.org/fhir/R4/search.html> says. A token only ever makes
//! a candidate: each must be evaluated by card or record.
//!
//! ```
//! use index::{
//!     Answer, Card, Condition, Criterion, DateCriterion, DateRange, ParameterNumber, Reading,
//!     Value, Zone, date_query, date_rows,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let date = DateRange::of_date("2019-03-05T23:30:00-05:00").ok_or("a date")?;
//! let number = ParameterNumber::of("Observation", "date");
//! let mut card = Card::default();
//! card.values.insert(number, vec![Value::Date(date)].into());
//! let card = Card::decode(&card.encode())?;
//!
//! let zone = Zone::utc();
//! let reading = Reading { zone: &zone, now: 0 };
//! let asked = DateCriterion::parse("ge2019-03-06").ok_or("a date with a prefix")?;
//! let tokens = date_query(&asked, &reading, false);
//! assert!(date_rows(&[date]).iter().any(|row| tokens.contains(row)));
//! let condition = Condition::Any(vec![Criterion::Date(asked)]);
//! assert_eq!(condition.answer(card.values.get(&number), &reading), Answer::Holds);
//! # Ok(())
//! # }
//! ```

mod card;
mod criterion;
mod parameter;
mod sort;
mod token;
mod value;

pub use card::{Card, CardFault, Fact, Facts, Labels};
pub use criterion::{
    Answer, CodeCriterion, Condition, Criterion, DateCriterion, NumberCriterion, OfType, Prefix,
    QuantityCriterion, QuantityUnit, Reading, TextCriterion, TextMode, UriCriterion, UriMode, Zone,
    ZoneChange, split_escaped, unescaped,
};
pub use parameter::ParameterNumber;
pub use sort::{SortKey, SortOrder};
pub use token::{
    Bucket, Direction, TokenValue, code_query, code_rows, date_pair_query, date_query, date_rows,
    link_row, number_query, number_rows, short_token, text_query, text_rows, uri_query, uri_rows,
};
pub use value::{
    Code, DateRange, Decimal, DecimalText, End, Identifier, Moment, Number, Quantity, Reference,
    Text, Uri, Value, Values,
};
