//! The database that the configuration names.

use crate::{config::Config, setup::leaf_key};
use std::{
    error::Error,
    thread,
    time::{Duration, Instant},
};
use store::{OpenError, Options, Store};

/// How long a service waits for a PostgreSQL server that does not answer. A server
/// that is started together with the services is there by then; after it the
/// service ends, and whoever runs it starts it again.
const OPEN_TIMEOUT: Duration = Duration::from_secs(30);
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// Opens it, for a command that is run by hand: at once or not at all.
pub fn open(config: &Config) -> Result<Store, Box<dyn Error>> {
    holding_leaf_key(
        config,
        open_within(config, options(config), Duration::ZERO)?,
    )
}

/// Opens it, or makes it, for `init` alone: whoever else finds none has a mistyped path
/// or a disk that is not mounted.
pub fn make(config: &Config) -> Result<Store, Box<dyn Error>> {
    let options = config.database().options();
    holding_leaf_key(config, open_within(config, options, Duration::ZERO)?)
}

/// Whether that is why it was not opened.
pub fn is_absent(error: &(dyn Error + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(OpenError::Absent(_)))
}

fn options(config: &Config) -> Options {
    Options {
        may_make: false,
        ..config.database().options()
    }
}

/// Opens it, and brings it up to date where it is of version 0.1.
pub fn open_old(config: &Config) -> Result<Store, Box<dyn Error>> {
    let options = Options {
        from_0_1: true,
        ..options(config)
    };
    open_within(config, options, Duration::ZERO)
}

/// Opens it, for a service.
pub fn wait(config: &Config) -> Result<Store, Box<dyn Error>> {
    holding_leaf_key(config, open_within(config, options(config), OPEN_TIMEOUT)?)
}

fn holding_leaf_key(config: &Config, store: Store) -> Result<Store, Box<dyn Error>> {
    leaf_key::hold_if_there(config, &store)?;
    Ok(store)
}

fn open_within(
    config: &Config,
    options: Options,
    patience: Duration,
) -> Result<Store, Box<dyn Error>> {
    let place = config
        .database()
        .place()
        .map_err(|fault| config.value(fault))?;
    let started = Instant::now();
    let mut warned = false;
    loop {
        match Store::open_with(&place, options) {
            Err(OpenError::Unreachable) if started.elapsed() < patience => {
                if !warned {
                    warned = true;
                    tracing::warn!(
                        seconds = patience.as_secs(),
                        "the PostgreSQL server does not answer; waiting for it"
                    );
                }
                thread::sleep(BETWEEN_TRIES);
            }
            opened => return Ok(opened?),
        }
    }
}
