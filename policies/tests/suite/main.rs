//! Policies as the gateway uses them, through the public interface.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test code"
)]

mod compile;
mod fixture;
mod matrix;
mod memory;
mod permits;
mod replay;
mod scenarios;
mod scopes;
mod sharing;
mod speed;
