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
mod commands;
mod dev_parts;
mod forged;
mod halted;
mod hospital;
mod http2;
mod installation;
mod issuer_keys;
mod liar;
mod login;
mod oidc;
mod one_process;
mod postgres;
mod refused;
mod rotation;
mod separate;
mod signed;
mod signer;
mod standby;
mod swept;
mod together;
mod tokens;
mod traces;
mod trust;
