//! The runtime of a command.

use std::future::Future;

/// Runs to the end, on a runtime of its own.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    actix_web::rt::System::new().block_on(work)
}
