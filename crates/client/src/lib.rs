//! The commands that speak to a gateway from outside: `chartseal import`, `chartseal login`
//! and `chartseal proof`.

pub mod http_client;
pub mod import;
pub mod login;
pub mod proof;
