//! Where a request is carried out: where it came in, or beside when it is a long one.

use crate::{context::Context, failure::Failure, limits::long_work::Lane};
use std::sync::Arc;

impl Context {
    /// Carries out a request; one that is `long` from the beginning, beside. The work may
    /// begin twice, and must leave no trace before it is done.
    ///
    /// # Errors
    /// Those of the work; throttled when too many long requests of the user wait.
    pub(crate) async fn carry_out<T: Send + 'static>(
        self,
        long: bool,
        work: impl AsyncFn(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        if !long {
            tokio::select! {
                biased;
                outcome = work(&self) => return outcome,
                () = self.lane.left() => {}
            }
        }
        let (app, user) = (Arc::clone(&self.app), self.user());
        // Whose answers are not read gets no others.
        app.under_way.of(user.clone()).take(0)?;
        let place = app.long_work.place(&user).await?;
        app.counters.long_request();
        let lane = Lane::Beside;
        let beside = Self { lane, ..self };
        app.long_work.beside(place, beside, work).await
    }
}
