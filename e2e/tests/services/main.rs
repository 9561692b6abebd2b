//! The services as an operator runs them: from the sample configurations in
//! `deploy/config`, by the commands of docs/operations.md, to a verified proof; and
//! the issuers whose tokens they take.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod absent;
mod bad_tokens;
mod browser;
mod certificate;
mod chain;
mod closed;
mod commands;
mod dev_parts;
mod first_people;
mod forged;
mod granted;
mod halted;
mod hospital;
mod http2;
mod installation;
mod issuer_keys;
mod liar;
mod login;
mod lost;
mod moved;
mod noted;
mod oidc;
mod one_process;
mod overdue;
mod page;
mod postgres;
mod refused;
mod rotation;
mod separate;
mod signed;
mod signer;
#[path = "../faults/site.rs"]
#[expect(dead_code, reason = "the faults' tests use the rest")]
mod site;
mod standby;
mod stuck;
mod swept;
mod thinned;
mod together;
mod tokens;
mod told;
mod traces;
mod trust;
