//! The FHIR door: identity, interactions, proofs; administration beside it.
//!
//! A request reads from top to bottom: [`context`] says who asks where,
//! [`routes`] parses, [`exchange`] runs the interaction and commits it with its
//! audit, and only then does the answer go out. Nothing here knows SQL or the
//! chain.

pub mod admin;
pub mod app;
mod audit;
mod context;
mod exchange;
pub mod facility;
mod failure;
mod form;
mod hold;
mod http;
mod idempotency;
pub mod identity;
pub mod interaction;
mod limits;
pub mod listener;
pub mod log;
mod operation;
pub mod ports;
pub mod record;
mod routes;
mod search;
pub mod work;

pub use app::{App, SWEEP_WITHIN, Settings};
pub use facility::Facility;
pub use facility::damage_counts::{Damage, DamageCounts};
pub use facility::in_force::InForce;
pub use facility::own_urls::home_of;
pub use facility::registered::RegisteredOnly;
pub use facility::registration::{Administrator, Client, Profile, Sharing};
pub use failure::{Category, Failure};
pub use hold::Hold;
pub use limits::settings::{Limits, Rate};
pub use listener::health::unready;
pub use listener::metrics::RequestMetrics;
pub use listener::proxies::Proxies;
pub use listener::tls::{Certificates, TlsError, TlsFiles};
pub use log::unshown_keys::UnshownKeys;
