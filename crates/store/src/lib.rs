//! The only crate that knows the database: SQLite for one process, PostgreSQL for
//! many, the same tables in both (`migrations/`).
//!
//! [`Store::run_tx`] is the one way to write. It takes a synchronous closure, so
//! nothing can wait for a network inside a transaction; it may run the closure
//! again; it answers when the rows are durable. [`Tx`] and [`Reader`] give one view
//! per table group, a file each. Lookups give an `Option`: what "not found" means is
//! for the caller to say.
//!
//! Rows hold ciphertext, hashes and tags. Keys of records, FHIR, HTTP and the ledger are
//! not known here; the leaf keys, by which a waiting leaf is known to be ours, are.

mod anchor_statement;
mod anchors;
mod answers;
mod audit_insert;
mod audits;
mod cancel;
mod changes;
mod column;
mod current;
mod current_statement;
mod database;
mod epochs;
mod error;
mod facilities;
mod fallen_anchors;
mod jobs;
mod kept_queries;
#[cfg(test)]
mod key_plan_tests;
mod keys;
mod later_rows;
mod leaf_admission;
mod leaf_claims;
mod leaf_keys;
mod leaf_sequence;
mod leaf_statement;
mod lease;
mod leaves;
mod lock_file;
mod lock_key;
mod log_keys;
mod log_pages;
mod logs;
mod meta;
mod old_rows;
mod open;
mod own_urls;
mod policies;
mod posts;
mod probe;
mod queue;
mod readers;
mod refused_leaves;
mod registrations;
mod registries;
mod schema;
mod search;
mod search_statement;
mod signed_notes;
mod standing;
mod statements;
mod statistics;
mod stats;
mod store;
mod sweep;
mod sweep_logs;
mod sweep_statement;
#[cfg(test)]
mod test_database;
mod thinning;
mod trouble;
mod tx;
mod version_facts;
mod version_insert;
mod versions;
mod waiting;
mod wal;
mod watch;
mod writer;

pub use anchors::{Anchor, Anchors, NewAnchor};
pub use answers::{Answers, StoredAnswer};
pub use audits::{
    Audit, AuditHit, AuditPosition, AuditRange, Audits, AuditsOf, NewAudit, SealedQuery,
};
pub use changes::{
    Change, ChangeDecision, Changes, Decided, DecidedChange, Proposed, SealedDecision,
};
pub use database::Database;
pub use epochs::Epochs;
pub use error::{Error, OpenError};
pub use facilities::{Facilities, Facility, FacilityId};
pub use jobs::{Jobs, StoredJob};
pub use kept_queries::{KeptQueries, KeptQuery};
pub use keys::{Keys, StoredKek, StoredKey};
pub use later_rows::LaterRows;
pub use leaf_claims::{LeafClaims, LeafFault, WaitingLeaf};
pub use leaf_keys::{LeafKeys, LeafName};
pub use lease::{Lease, StoredLease};
pub use leaves::{Leaf, LeafOfRow, LeafPlace, Leaves, PendingLeaf};
pub use lock_key::LockKey;
pub use log_keys::{KeysShown, LogKeySet, LogKeys, StoredLogKey};
pub use log_pages::{Entry, LogPages, Numbered};
pub use logs::{Log, LogRowId, Logs, NewLog, StoredCheckpoint, Tile};
pub use meta::{Meta, Noted};
pub use own_urls::{OwnUrls, StoredUrl};
pub use policies::{Policies, PolicySet, PolicySetInClear};
pub use posts::{NewPost, Post, PostId, PostState, Posts};
pub use refused_leaves::RefusedLeaf;
pub use registrations::{Registration, RegistrationKind, Registrations};
pub use registries::{FormerRegistry, Registries, Registry, RegistrySet};
pub use search::{Criterion, Hit, Order, TimePosition};
pub use signed_notes::{NoteSwap, SignedNotes};
pub use standing::MissingVersion;
pub use statements::{NewStatement, Statement, StatementKind, Statements};
pub use stats::{ClosureStats, GROUP_SIZES, Stats};
pub use store::{Options, Store};
pub use sweep::{BatchBound, EventRow, NamedLeaf, RowLeaves, RowName, Sweep, SweptRow};
pub use sweep_logs::{LogEnd, SweptLog};
pub use thinning::{AgedAnchor, Thinning};
pub use tx::{Access, Reader, Tx};
pub use version_facts::VersionFacts;
pub use versions::{ID_PARAM, Link, NewVersion, Version, Versions};
pub use wal::stand_back;

// Linked for their build settings only: the databases' own libraries are bundled.
use {libsqlite3_sys as _, openssl_sys as _, pq_sys as _};

/// The most values in a list of a query; databases bound it.
const IN_LIST: usize = 500;
