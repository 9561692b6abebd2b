//! The FHIR door: identity, interactions, proofs; administration beside it.
//!
//! A request reads from top to bottom: [`context`] says who asks where,
//! [`routes`] parses, [`exchange`] runs the interaction and commits it with its
//! audit, and only then does the answer go out. Nothing here knows SQL or the
//! chain.

mod access_log;
mod acts;
mod admin;
pub mod app;
mod audit;
mod audit_criteria;
mod audit_record;
mod backslash;
mod body;
mod budget;
mod candidates;
mod capability;
mod committed;
mod context;
mod criteria;
mod cursor;
mod damage;
mod done;
mod exchange;
mod facility;
mod failure;
mod front_page;
mod head;
mod header_list;
mod health;
mod hold;
mod idempotency;
pub mod identity;
mod in_force;
mod interaction;
mod kept_query;
mod keyring;
mod limits;
mod log_proof;
mod log_tiles;
mod metrics;
pub mod misplaced;
mod negotiation;
mod offered;
mod operation;
mod outcome;
mod overlay;
mod own_seal;
mod own_urls;
mod paging;
mod policy_set;
mod precondition;
mod prefer;
mod proxies;
mod query_text;
mod registered;
mod registration;
mod reply;
mod routes;
mod sealed_audit;
mod sealed_json;
mod security_context;
pub mod server;
pub mod setup;
mod sight;
mod smart;
mod span;
mod statement;
mod statement_log;
mod tls;
mod unauthenticated;
mod version;
mod write;

pub use app::{App, Settings};
pub use damage::{Damage, DamageCounts};
pub use facility::Facility;
pub use failure::{Category, Failure};
pub use health::unready;
pub use hold::Hold;
pub use in_force::InForce;
pub use limits::{Limits, Rate};
pub use metrics::RequestMetrics;
pub use proxies::Proxies;
pub use registered::RegisteredOnly;
pub use registration::{Administrator, Client, Profile, Sharing};
pub use tls::{Certificates, TlsError, TlsFiles};
