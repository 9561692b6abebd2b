//! Where an element stands, as FHIRPath writes it in `issue.expression`.

use std::fmt;

/// A path that lives on the stack of a walk and is written only when something
/// is refused. Names are ours or from the tables, never from input.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Path<'a> {
    /// The start, such as `Patient`.
    Root(&'a str),
    /// A member of what the path before leads to.
    Name(&'a Path<'a>, &'a str),
    /// An item of what the path before leads to.
    Index(&'a Path<'a>, usize),
    /// Of a choice the type that it has.
    OfType(&'a Path<'a>, &'a str),
}

impl Path<'_> {
    /// The path of a member.
    pub(crate) const fn name<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path::Name(self, name)
    }

    /// The path of a choice as one of its types.
    pub(crate) const fn of_type<'b>(&'b self, name: &'b str) -> Path<'b> {
        Path::OfType(self, name)
    }

    /// The path of an item.
    pub(crate) const fn index(&self, index: usize) -> Path<'_> {
        Path::Index(self, index)
    }

    /// Whether it leads to an item of an array.
    pub(crate) const fn is_item(&self) -> bool {
        matches!(self, Path::Index(..))
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(name) => f.write_str(name),
            Self::Name(path, name) => write!(f, "{path}.{name}"),
            Self::Index(path, index) => write!(f, "{path}[{index}]"),
            Self::OfType(path, name) => write!(f, "{path}.ofType({name})"),
        }
    }
}
