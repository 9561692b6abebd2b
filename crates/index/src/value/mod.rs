//! What a record has under a search parameter: one type for each kind of value.

mod code;
mod date;
mod decimal;
mod decimal_text;
mod number;
mod reference;
mod text;
mod uri;

pub use code::{Code, Identifier};
pub use date::{DateRange, Moment};
pub use decimal::Decimal;
pub use decimal_text::DecimalText;
pub use number::{End, Number, Quantity};
pub use reference::Reference;
pub use text::Text;
pub use uri::Uri;

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A date, dateTime, instant or Period, or what a Timing names.
    Date(DateRange),
    /// An integer, decimal or Range without unit.
    Number(Number),
    /// A Quantity, Money, or Range with its unit.
    Quantity(Quantity),
    /// A code, Coding or boolean, or the value of a `ContactPoint`.
    Code(Code),
    /// An Identifier.
    Identifier(Identifier),
    /// A uri, url or canonical, or a reference that names no record of this facility.
    Uri(Uri),
    /// A reference to a record of this facility.
    Reference(Reference),
    /// A string.
    Text(Text),
    /// One element under a composite parameter: for each component the values that the
    /// element has of it. No component is composite itself.
    Composite(Vec<Vec<Value>>),
}

/// All that a record has under one parameter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values {
    /// The values in the order of the record.
    pub list: Vec<Value>,
    /// Whether there are more that are not in the list: then what the list does not show
    /// is unknown, and the record itself has to be asked.
    pub cut: bool,
}

impl From<Vec<Value>> for Values {
    fn from(list: Vec<Value>) -> Self {
        Self { list, cut: false }
    }
}
