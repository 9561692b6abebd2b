//! What the whole-system tests share: the release binary as a child process, a
//! small HTTP caller, the real data, a search through files.
//!
//! A test here sees only what a user sees: the command, the HTTP API, the files.
//! Run them by `cargo xtask test`, which says where everything is:
//! `CHARTSEAL_BIN`, `CHARTSEAL_DATA` (or `CHARTSEAL_WITHOUT_DATA`),
//! `CHARTSEAL_NODE_MODULES`, `CHARTSEAL_PYTHON`.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "test code: what is not as expected ends the test"
)]

mod caller;
mod command;
mod demo;
mod dice;
mod mutation;
mod needles;
mod places;
mod port;
mod service;
mod synthea;
mod waiting;

pub use caller::{Caller, Reply};
pub use command::{Ran, fetch_proof, run, verify, verify_by_second};
pub use demo::{About, Demo};
pub use dice::Dice;
pub use mutation::Mutation;
pub use needles::Needles;
pub use places::{data, node_folder, program, python, skipped, verifying_program};
pub use port::free_port;
pub use service::Service;
pub use synthea::{Posted, SyntheaBundle, synthea};
pub use waiting::until;
