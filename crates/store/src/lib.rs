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

mod access;
mod anchoring;
mod backend;
mod cards;
mod column;
mod engine;
mod error;
mod facility;
mod find;
mod ids;
mod installation;
#[cfg(test)]
mod key_plan_tests;
mod log;
mod options;
mod records;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
mod schema;
mod store;
mod sweep;
mod taken;
#[cfg(test)]
mod test_database;
mod tx;
mod views;

pub use access::Access;
pub use anchoring::anchors::{Anchor, Anchors, EachAnchor, NewAnchor};
pub use anchoring::posts::{NewPost, Post, PostState, Posts};
pub use anchoring::registries::{FormerRegistry, Registries, Registry, RegistrySet};
pub use anchoring::thinning::{AgedAnchor, Between, Thinning};
pub use cards::read::{PatientCards, PatientCount, Uncarded};
pub use cards::rows::{
    Card, HeadChange, HeadMember, KeepsHead, NewCard, StoredHead, SweptCard, SweptHead,
};
pub use cards::view::Cards;
pub use engine::database::Database;
pub use engine::lock_key::LockKey;
pub use engine::stats::{ClosureStats, GROUP_SIZES, Stats};
pub use engine::wal::stand_back;
pub use error::{Error, MissingVersion, OpenError};
pub use facility::changes::{
    Change, ChangeDecision, Changes, Decided, DecidedChange, Proposed, SealedDecision,
};
pub use facility::epochs::Epochs;
pub use facility::facilities::{Facilities, Facility};
pub use facility::keys::{Keys, StoredKek, StoredKey};
pub use facility::later_rows::LaterRows;
pub use facility::own_urls::{OwnUrls, StoredUrl};
pub use facility::policies::{Policies, PolicySet, PolicySetInClear};
pub use facility::registrations::{Registration, RegistrationKind, Registrations};
pub use facility::statements::{NewStatement, Statement, StatementKind, Statements};
pub use find::criterion::{Criterion, Order, TimePosition};
pub use find::search::{CardHit, Hit};
pub use find::written::{Period, Subjects, WrittenPlace, WrittenPosition, WrittenRange};
pub use ids::{FacilityId, LogRowId, PostId};
pub use installation::jobs::{Jobs, StoredJob};
pub use installation::lease::{Lease, StoredLease};
pub use installation::meta::{Meta, Noted};
pub use log::leaf_claims::{LeafClaims, LeafFault, WaitingLeaf};
pub use log::leaf_keys::{KeysShown, LeafKeys, LeafName};
pub use log::leaves::{Leaf, LeafOfRow, LeafPlace, Leaves};
pub use log::log_keys::{LogKeySet, LogKeys};
pub use log::log_pages::{Entry, LogPages, Numbered};
pub use log::logs::{EachLog, Logs, StoredCheckpoint, Tile};
pub use log::refused_leaves::RefusedLeaf;
pub use log::rows::{Log, NewLog, PendingLeaf, StoredLogKey};
pub use log::signed_notes::{NoteSwap, SignedNotes};
pub use options::Options;
pub use records::answers::{Answers, StoredAnswer};
pub use records::audits::{AuditHit, AuditPosition, AuditRange, Audits, AuditsOf};
pub use records::kept_queries::{KeptQueries, KeptQuery};
pub use records::rows::{Audit, ID_PARAM, Link, NewAudit, NewVersion, SealedQuery, Version};
pub use records::version_facts::VersionFacts;
pub use records::versions::Versions;
pub use store::Store;
pub use sweep::logs::{LogEnd, SweptLog};
pub use sweep::row_name::RowName;
pub use sweep::{BatchBound, EventRow, NamedLeaf, RowLeaves, Sweep, SweptRow};
pub use taken::Taken;
pub use tx::{Reader, Tx};

// Linked for their build settings only: the databases' own libraries are bundled.
use {libsqlite3_sys as _, openssl_sys as _, pq_sys as _};

/// The most values in a list of a query; databases bound it.
const IN_LIST: usize = 500;
