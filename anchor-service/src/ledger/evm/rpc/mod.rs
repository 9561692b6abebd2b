//! The nodes behind JSON-RPC: one is asked for what decides nothing, all of them for the rest.

mod agreement;
mod bounded_http;
mod canvass;
pub(super) mod endpoint;
mod majority;
pub(super) mod node;
pub(super) mod rules;
