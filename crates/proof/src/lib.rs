//! Proof bundle, trust file, and what a verifier says of them; specified in
//! `docs/proof-format.md`, from which a second verifier can be written.
//!
//! Kept small, because whoever must believe a verdict must be able to read how
//! it comes about: [`verify`] calls one function per check, each in a file of
//! its own under `checks/`. There is no network, no database, no clock and no
//! key here; everything comes in as arguments.

mod about;
mod bundle;
mod checks;
mod form;
mod pretty;
mod registry;
mod report;
mod rung;
mod trust;
mod verify;

pub use about::About;
pub use bundle::{Anchor, Bundle, Event, Evidence, Leaf};
pub use form::FormError;
pub use registry::Registry;
pub use report::{Check, Report, Verdict};
pub use rung::Rung;
pub use trust::{
    ChainKind, ClosedLog, ClosingReason, Require, Source, Trust, TrustedAnchor, TrustedBlock,
    TrustedChain, TrustedHead, TrustedLog, TrustedValidators, TrustedWitnesses,
};
pub use verify::verify;
