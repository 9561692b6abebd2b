//! The commands by which an operator looks at records and leaves.

pub(crate) mod leaves;
pub(crate) mod scopes;
pub(crate) mod sweep;
