//! What every command needs, whether it is part of `chartseal` or a program of its own.

mod glossary;
pub mod output;
pub mod outputs;
pub mod whole_file;

pub use glossary::GLOSSARY;

use std::error::Error;

/// Why a command failed: what it says on standard error.
pub type CommandError = Box<dyn Error>;
