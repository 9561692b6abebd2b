//! The services as an operator runs them: from the sample configurations in
//! `deploy/config`, by the commands of docs/operations.md, to a verified proof.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test code"
)]

mod chain;
mod installation;
mod postgres;
mod refused;
mod separate;
mod together;
mod traces;
