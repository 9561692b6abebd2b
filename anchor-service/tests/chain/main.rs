//! Tests against a real EVM chain: anvil, whose binary `CHARTSEAL_ANVIL` names.
//! Without it they fail; they never pass over themselves.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "test code"
)]

mod closing;
mod contract;
mod emptied;
mod evidence;
mod fees;
mod gateway;
mod liar;
mod lies;
mod lists;
mod lost;
mod lying;
mod moving;
mod nodes;
mod postgres;
mod proxy;
mod reader;
mod service;
mod split;
mod support;
