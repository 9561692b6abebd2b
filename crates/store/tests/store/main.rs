//! The store over both databases: every test of [`on_both`] runs on a SQLite file
//! and on a PostgreSQL server.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

mod answers;
mod audits;
mod cards;
mod current;
mod epochs;
mod facilities;
mod groups;
mod jobs;
mod kept_queries;
mod leaf_claims;
mod lease;
mod ledger;
mod log_keys;
mod logs;
mod meta;
mod missing;
mod opening;
mod proxy;
mod readers;
mod recovery;
mod registrations;
mod rows;
mod search;
mod search_by_time;
mod sequence;
mod signed_notes;
mod statements;
mod statistics;
mod tables;
mod versions;
mod wal;
mod world;
