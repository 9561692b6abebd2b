//! Where what the logs' keys signed last is kept: a file beside the keys, or a table of
//! another database.

use crate::config::Config;
use anchor_service::{SignedFile, SignedKeeper, SignedTable};
use std::{error::Error, sync::Arc};

/// Opens what the configuration names.
///
/// # Errors
/// When `[anchor]` is missing, or the other database cannot be used.
pub fn keeper(config: &Config) -> Result<Arc<dyn SignedKeeper>, Box<dyn Error>> {
    let anchor = config.anchor()?;
    let Some(section) = config.signed() else {
        return Ok(Arc::new(SignedFile::new(anchor.signed_file())));
    };
    let url = section.url().map_err(|fault| config.value(fault))?;
    let table = SignedTable::open(url);
    Ok(Arc::new(table.map_err(|error| {
        config.value(("signed.postgres", error.to_string()))
    })?))
}
