//! The gateway as its clients meet it: a server on loopback over SQLite (over PostgreSQL
//! too where statements differ), a dev issuer, two facilities. What is asserted is what came over
//! the wire or what stands in the database afterwards; nothing of the inside is
//! called.

#![expect(clippy::unwrap_used, reason = "test code")]
#![expect(clippy::expect_used, reason = "test code")]
#![expect(clippy::indexing_slicing, reason = "test code")]
#![expect(clippy::panic, reason = "test code")]

mod access_log;
mod access_matrix;
mod across_patients;
mod added_rows;
mod administration;
mod answers;
mod audit;
mod audit_events;
mod audit_search;
mod audit_sizes;
mod bodies;
mod budgets;
mod bundles;
mod caller;
mod capability;
mod cards;
mod clock;
mod compartment;
mod conditional_change;
mod conditional_create;
mod conditional_references;
mod cut_together;
mod damage_told;
mod database;
mod dot_segments;
mod envelope_1;
mod every_route_denies;
mod everything;
mod examples;
mod expiry;
mod first_facility;
mod format_1;
mod found_by;
mod front_page;
mod full_urls;
mod heads;
mod hidden;
mod histories;
mod histories_of_many;
mod house;
mod http;
mod idempotency;
mod include;
mod issuers;
mod kept_answers;
mod kept_rows;
mod key_rows;
mod limits;
mod listener;
mod log_tiles;
mod long_queries;
mod long_requests;
mod many_patients;
mod negotiation;
mod office;
mod old_rows;
mod own_server;
mod packed;
mod paging;
mod parameters;
mod past_the_store;
mod patch;
mod percent;
mod points;
mod preconditions;
mod proposals;
mod query_text;
mod raw_content;
#[path = "../../../crates/fhir/tests/real/mod.rs"]
mod real;
mod records;
mod refused;
mod registered_only;
mod revocation;
mod sealed_rules;
mod search;
mod search_by_time;
mod search_by_value;
mod search_readers;
mod security_context;
mod sight;
mod smart;
mod stored;
mod subsets;
mod sweep;
mod sweeper;
mod take_over;
mod transaction_reads;
mod two_persons;
mod unread;
mod validation;
mod waiting_leaves;
mod within_patient;
