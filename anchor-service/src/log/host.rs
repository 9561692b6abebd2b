//! The host in the origins of this database's logs. Logs whose keys have their mac say it;
//! before the first one a row of `meta` does, which has a mac too.

use store::{Error, KeysShown, Log, Reader, Store, Tx};

/// Under this name the database says it.
const LOG_HOST: &str = "log_host";

/// The host, and whether something shows that it is this installation's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogHost {
    /// Its name.
    pub name: String,
    /// When nothing shows it.
    pub doubt: Option<Error>,
}

impl LogHost {
    /// The name, once something shows it.
    ///
    /// # Errors
    /// When nothing does.
    pub fn shown(self) -> Result<String, Error> {
        self.doubt.map_or(Ok(self.name), Err)
    }
}

/// The host as it stands in the database, if it is there.
///
/// # Errors
/// When the database does not answer.
pub async fn find_log_host(store: &Store) -> Result<Option<LogHost>, Error> {
    store.read("log host", find).await
}

/// The host, once it is fixed.
///
/// # Errors
/// When nothing shows that it is this installation's, or the database does not answer.
pub async fn log_host(store: &Store) -> Result<Option<String>, Error> {
    let found = find_log_host(store).await?;
    found.map(LogHost::shown).transpose()
}

/// Fixes the host. Whoever calls this knows that it is the right one.
///
/// # Errors
/// When the database does not answer, or no leaf key is held.
pub async fn note_log_host(store: &Store, host: &str) -> Result<(), Error> {
    let host = host.to_owned();
    let note = move |tx: &mut Tx| tx.meta().note(LOG_HOST, &host);
    store.run_tx("note log host", &[], note).await
}

fn find(reader: &mut Reader) -> Result<Option<LogHost>, Error> {
    let logs = reader.logs().readable()?;
    let keys = reader.log_keys().of_all(&logs)?;
    let of_log = |log: &Log| Some(log.origin.split_once("/log/")?.0.to_owned());
    let mut shown = logs
        .iter()
        .zip(&keys)
        .filter(|(_, keys)| keys.shown().is_ok());
    if let Some(name) = shown.find_map(|(log, _)| of_log(log)) {
        return Ok(Some(LogHost { name, doubt: None }));
    }
    if let Some(noted) = reader.meta().noted(LOG_HOST)? {
        let name = noted.value;
        let doubt = match noted.by {
            KeysShown::Newest | KeysShown::Older => None,
            KeysShown::Never | KeysShown::Wrong => Some(Error::LogHost(name.clone())),
            KeysShown::Unknown => Some(Error::NoLeafKey),
        };
        return Ok(Some(LogHost { name, doubt }));
    }
    // Databases of release 0.1.0 say it in the logs' origins alone.
    let of_old = logs.iter().zip(&keys).next();
    Ok(of_old.and_then(|(log, keys)| {
        let (name, doubt) = (of_log(log)?, keys.shown().err());
        Some(LogHost { name, doubt })
    }))
}
