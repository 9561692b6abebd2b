//! What a write of the service can meet with besides the database.

use std::fmt;
use store::Error;

/// Asked before each transaction and after it. An error is the transaction's: so a crash
/// can be made at each of them, without and with its rows.
pub(crate) trait Effects: fmt::Debug + Send + Sync {
    /// The transaction has not begun.
    fn before(&self) -> Result<(), Error>;

    /// The transaction took effect.
    fn after(&self) -> Result<(), Error>;
}

/// Of the service at work.
#[derive(Debug)]
pub(crate) struct Undisturbed;

impl Effects for Undisturbed {
    fn before(&self) -> Result<(), Error> {
        Ok(())
    }

    fn after(&self) -> Result<(), Error> {
        Ok(())
    }
}
