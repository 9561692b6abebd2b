//! Equipment for the demo and for tests: a small permissioned L2, an OpenID
//! issuer, and sample patients.
//!
//! Nothing here is hardened, and production never imports it: the L2 has one
//! sequencer and no peers, the issuer asks nobody for consent, the patients are
//! invented. Both servers listen on the loopback address only.

pub mod chain;
pub mod issuer;
mod loopback;
pub mod samples;
