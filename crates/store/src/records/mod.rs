//! Versions of records and audit records, and what is kept of requests.

pub(crate) mod answers;
pub(crate) mod audit_insert;
pub(crate) mod audits;
pub(crate) mod kept_queries;
pub(crate) mod old_rows;
pub(crate) mod rows;
pub(crate) mod standing;
pub(crate) mod version_facts;
pub(crate) mod version_insert;
pub(crate) mod version_row;
pub(crate) mod versions;
pub(crate) mod waiting;
