//! The list of all long work of a facility.

use crate::{
    app::App,
    facility::Facility,
    failure::Failure,
    work::{
        expiry, index,
        jobs::{Job, KEPT_EVERY, Tools, Turn, Worker},
        sweep::SweepJob,
    },
};
use actix_web::web;
use model::RandomUnavailable;
use std::{future::Future, pin::Pin, sync::Arc};

/// A piece of work that takes its turns, whatever it is.
pub(super) trait Tenant {
    /// The next step.
    fn turn(&mut self) -> Pin<Box<dyn Future<Output = Result<Turn, Failure>> + '_>>;

    /// Whether its steps have to follow each other faster.
    fn is_late(&self) -> bool;

    /// Keeps its state and gives it up.
    fn release(&mut self) -> Pin<Box<dyn Future<Output = ()> + '_>>;
}

impl<J: Job> Tenant for Worker<J> {
    fn turn(&mut self) -> Pin<Box<dyn Future<Output = Result<Turn, Failure>> + '_>> {
        Box::pin(Self::turn(self))
    }

    fn is_late(&self) -> bool {
        Self::is_late(self)
    }

    fn release(&mut self) -> Pin<Box<dyn Future<Output = ()> + '_>> {
        Box::pin(Self::release(self))
    }
}

/// Everything that is to be done at a facility.
///
/// # Errors
/// When the source of randomness fails.
pub(super) fn of(
    app: &web::Data<App>,
    facility: &Arc<Facility>,
) -> Result<Vec<Box<dyn Tenant>>, RandomUnavailable> {
    let sweep = SweepJob::new(app.clone(), Arc::clone(facility));
    Ok(vec![
        Box::new(Worker::new(sweep, Tools::of(app, facility), KEPT_EVERY)?),
        Box::new(expiry::worker(app, facility)?),
        Box::new(index::worker(app, facility)?),
    ])
}
