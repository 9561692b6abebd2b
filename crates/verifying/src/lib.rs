//! `chartseal verify`, for the program of that name and for `chartseal-verify`.
//!
//! No network and no database: what is read are the files on the command line.

mod args;
mod verify;

pub use self::{args::VerifyArgs, verify::run};
