//! What every command needs, whether it is part of `chartseal` or a program of its own.

mod glossary;
pub mod output;
pub mod outputs;
pub mod whole_file;

pub use glossary::GLOSSARY;
