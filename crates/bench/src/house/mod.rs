//! What is asked: installations of a program, their databases and their data.

pub(crate) mod data;
pub(crate) mod demo;
pub(crate) mod grown_rows;
pub(crate) mod installation;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod postgres;
pub(crate) mod processor;
pub(crate) mod program;
pub(crate) mod root;
pub(crate) mod rows;
pub(crate) mod silent_ledger;
pub(crate) mod synthea;
