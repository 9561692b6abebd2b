//! References and URLs, and the walk that comes by all of a resource.

pub mod percent;
pub(crate) mod place;
pub(crate) mod reference;
pub(crate) mod walk;
