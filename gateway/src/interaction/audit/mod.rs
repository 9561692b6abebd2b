//! AuditEvents: read, and searched. The gateway alone makes them (`crate::audit`).

pub(crate) mod event;
pub(crate) mod search;
pub(crate) mod walk;
