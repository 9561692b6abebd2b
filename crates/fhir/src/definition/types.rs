//! Types of R4 and their elements, as the data file gives them.

use super::{content::Content, parameter::SearchParameter, type_id::TypeId};
use std::borrow::Cow;

/// What a type is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A JSON string, number or truth value, by the rules of one primitive type.
    Primitive(Primitive),
    /// A data type with elements, such as `Quantity`.
    Complex,
    /// An element with elements of its own, such as `Observation.component`.
    Nested,
    /// A resource type.
    Resource,
    /// `Resource` and `DomainResource`.
    Abstract,
}

macro_rules! primitives {
    ($($variant:ident $name:literal,)*) => {
        /// A primitive type (<https://hl7.org/fhir/R4/datatypes.html#primitive>).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the names are those of the specification")]
        pub enum Primitive {
            $($variant,)*
        }

        impl Primitive {
            /// The primitive type of this name.
            pub(super) fn by_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}
primitives! {
    Base64Binary "base64Binary",
    Boolean "boolean",
    Canonical "canonical",
    Code "code",
    Date "date",
    DateTime "dateTime",
    Decimal "decimal",
    Id "id",
    Instant "instant",
    Integer "integer",
    Markdown "markdown",
    Oid "oid",
    PositiveInt "positiveInt",
    String "string",
    Time "time",
    UnsignedInt "unsignedInt",
    Uri "uri",
    Url "url",
    Uuid "uuid",
    Xhtml "xhtml",
}

/// A type of R4.
#[derive(Debug)]
pub struct Type {
    /// Its name; that of a nested element is its path.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The type whose elements it has too.
    pub base: Option<TypeId>,
    /// Its elements, inherited ones first, in the order of R4.
    pub elements: Vec<Element>,
    /// Where each element stands in `elements`, sorted by name.
    pub(super) names: Vec<(&'static str, u16)>,
    /// Its members in JSON, sorted by name.
    pub(crate) members: Vec<Member>,
    /// Rules on the type as a whole, as numbers into [`super::Definitions::rules`].
    pub(crate) rules: Vec<u16>,
    /// Its own search parameters, sorted by code.
    pub(crate) parameters: Vec<SearchParameter>,
    /// Codes of the parameters by which it belongs to the patient compartment.
    pub(super) compartment: Vec<&'static str>,
}

/// An element of a type.
#[derive(Debug, Clone)]
pub struct Element {
    /// Its name, without the `[x]` of a choice.
    pub name: &'static str,
    /// Whether it is a choice of types.
    pub is_choice: bool,
    /// The least number there must be.
    pub min: u16,
    /// The largest number there may be; `None` for any.
    pub max: Option<u16>,
    /// Whether it is part of a summary.
    pub is_summary: bool,
    /// Whether it can change the meaning of what holds it.
    pub is_modifier: bool,
    /// What it can be.
    pub variants: Vec<Variant>,
    /// The codes of its required binding, as a number into the definitions' codes.
    pub(crate) codes: Option<u16>,
    /// Rules on this element.
    pub(crate) rules: Vec<u16>,
}

impl Element {
    /// Whether it is an array in JSON.
    #[must_use]
    pub fn is_array(&self) -> bool {
        self.max != Some(1)
    }
}

/// One type that an element can have.
#[derive(Debug, Clone)]
pub struct Variant {
    /// The member's name in JSON, such as `valueQuantity`.
    pub json_name: Cow<'static, str>,
    /// Its type.
    pub type_id: TypeId,
    /// Of a Reference the types it may lead to; empty for any.
    pub targets: Vec<TypeId>,
}

/// A member in JSON: which element, as which of its variants.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: Cow<'static, str>,
    pub(crate) element: u16,
    pub(crate) variant: u16,
    pub(crate) content: Option<Content>,
}

impl Type {
    /// The element of this name.
    #[must_use]
    pub fn element(&self, name: &str) -> Option<&Element> {
        let found = self.names.binary_search_by(|(own, _)| (*own).cmp(name));
        let (_, number) = self.names.get(found.ok()?)?;
        self.elements.get(usize::from(*number))
    }

    /// The member of this JSON name.
    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        let found = self
            .members
            .binary_search_by(|member| member.name.as_ref().cmp(name));
        self.members.get(found.ok()?)
    }

    /// The element of a member, and which of its types it has.
    pub(crate) fn parts(&self, member: &Member) -> Option<(&Element, &Variant)> {
        let element = self.elements.get(usize::from(member.element))?;
        let variant = element.variants.get(usize::from(member.variant))?;
        Some((element, variant))
    }

    /// The primitive type it is, if it is one.
    #[must_use]
    pub const fn primitive(&self) -> Option<Primitive> {
        match self.kind {
            Kind::Primitive(primitive) => Some(primitive),
            _ => None,
        }
    }
}
