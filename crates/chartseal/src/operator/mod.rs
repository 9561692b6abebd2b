//! The commands by which an operator looks at records, leaves and index cards, and mends them.

pub(crate) mod index;
pub(crate) mod leaves;
pub(crate) mod scopes;
pub(crate) mod sweep;
