//! Long requests are carried out beside the threads that serve, on threads of their own
//! that get the processor when nobody else wants it. Most requests are short, and run where
//! they came in. One that is long from the beginning, or has become so, goes on beside: it
//! waits for its place ([`Places`]) and begins anew there, for it has left no trace yet.

use crate::{
    failure::Failure,
    limits::places::{Place, Places},
};
use std::{
    future::{Future, pending},
    io,
    pin::Pin,
    sync::Arc,
    thread,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{Notify, mpsc, oneshot},
    task::{LocalSet, spawn_local, yield_now},
};
use tracing::{Instrument as _, Span};

/// Bytes of a body that is long.
pub(crate) const LONG_BODY: usize = 64 * 1024;
/// How far behind others the threads stand; 19 is the most.
const NICE: i32 = 15;

/// A request on its way to its thread.
type Work = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

/// Where a request is carried out.
#[derive(Debug)]
pub(crate) enum Lane {
    /// Where it came in, until it is found to be long.
    Serving(Notify),
    /// Beside those threads.
    Beside,
}

impl Default for Lane {
    fn default() -> Self {
        Self::Serving(Notify::new())
    }
}

impl Lane {
    /// Says before a step that the request is a long one. On a thread that serves the
    /// step does not come; beside it what else is ready goes first.
    pub(crate) async fn long_step(&self) {
        match self {
            Self::Serving(left) => {
                left.notify_one();
                pending().await
            }
            Self::Beside => yield_now().await,
        }
    }

    /// Whether the request is carried out where it came in.
    pub(crate) const fn is_serving(&self) -> bool {
        matches!(self, Self::Serving(_))
    }

    /// Until the request is found to be long.
    pub(crate) async fn left(&self) {
        match self {
            Self::Serving(left) => left.notified().await,
            Self::Beside => pending().await,
        }
    }
}

/// The threads for long requests.
#[derive(Debug)]
pub(crate) struct LongWork {
    places: Arc<Places>,
    threads: Vec<mpsc::UnboundedSender<Work>>,
}

impl LongWork {
    /// Threads for this number of requests at a time, at most one for each processor.
    ///
    /// # Errors
    /// When a thread cannot be made.
    pub(crate) fn start(places: usize) -> io::Result<Self> {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads = (1..=places.min(processors)).map(start_thread);
        Ok(Self {
            places: Places::new(places),
            threads: threads.collect::<io::Result<_>>()?,
        })
    }

    /// The place of a long request of a user, once it is its turn.
    ///
    /// # Errors
    /// Throttled when too many long requests of the user wait.
    pub(crate) async fn place(&self, user: &str) -> Result<Place, Failure> {
        self.places.take(user).await
    }

    /// Carries out a request at its place.
    ///
    /// # Errors
    /// Those of the work.
    pub(crate) async fn beside<C: Send + 'static, T: Send + 'static>(
        &self,
        place: Place,
        context: C,
        work: impl AsyncFn(&C) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let thread = self.threads.get(place.number % self.threads.len().max(1));
        let (answer, answered) = oneshot::channel();
        let span = Span::current();
        let work = Box::new(move || {
            let carried_out = carry_out(place, context, work, answer);
            Box::pin(carried_out.instrument(span)) as Pin<Box<dyn Future<Output = ()>>>
        });
        let sent = thread.is_some_and(|thread| thread.send(work).is_ok());
        if sent {
            answered.await.map_err(Failure::fault)?
        } else {
            Err(Failure::fault("the threads for long requests have ended"))
        }
    }
}

/// Works until it is done or nobody waits for the answer; what it held goes before the
/// place does.
async fn carry_out<C, T>(
    place: Place,
    context: C,
    work: impl AsyncFn(&C) -> Result<T, Failure>,
    mut answer: oneshot::Sender<Result<T, Failure>>,
) {
    let outcome = tokio::select! {
        outcome = work(&context) => Some(outcome),
        () = answer.closed() => None,
    };
    drop((work, context));
    drop(place);
    if let Some(outcome) = outcome {
        // Whoever asked may have gone.
        drop(answer.send(outcome));
    }
}

fn start_thread(number: usize) -> io::Result<mpsc::UnboundedSender<Work>> {
    let (sender, waiting) = mpsc::unbounded_channel();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new()
        .name(format!("long-work-{number}"))
        .spawn(move || work(&runtime, waiting))?;
    Ok(sender)
}

fn work(runtime: &Runtime, mut waiting: mpsc::UnboundedReceiver<Work>) {
    stand_back();
    LocalSet::new().block_on(runtime, async {
        while let Some(work) = waiting.recv().await {
            spawn_local(work());
        }
    });
}

/// Lets other threads go first. On Linux this is of the thread alone, and of those that it
/// starts: by them long requests read the database.
fn stand_back() {
    store::stand_back();
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::warn!(%error, "a thread for long requests has the priority of the others");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[tokio::test]
    async fn a_long_step_does_not_come_where_the_request_came_in() {
        let lane = Lane::default();
        let mut step = Box::pin(lane.long_step());
        tokio::select! {
            () = &mut step => panic!("the step came"),
            () = lane.left() => {}
        }
        let again = poll_fn(|context| std::task::Poll::Ready(step.as_mut().poll(context)));
        assert!(again.await.is_pending());
    }

    #[tokio::test]
    async fn beside_what_else_is_ready_goes_first() {
        let ran = std::sync::Mutex::new(Vec::new());
        let long = async {
            for _ in 0..3 {
                Lane::Beside.long_step().await;
                ran.lock().unwrap().push("long");
            }
        };
        let other = async { ran.lock().unwrap().push("other") };
        tokio::join!(long, other);
        assert_eq!(*ran.lock().unwrap(), ["other", "long", "long", "long"]);
    }
}
