//! The answer that an idempotency key keeps, a part of its request.

use crate::exchange::{
    Exchange,
    part::{Part, Step},
};
use model::Tag;
use store::{FacilityId, StoredAnswer, Tx};

/// What a key makes of the commit of its request.
#[derive(Default)]
enum KeptAnswer {
    /// A repetition of one that was answered.
    #[default]
    Again,
    /// The first with its key, and its answer, once it has one.
    First(Tag, Option<StoredAnswer>),
}

impl Part for KeptAnswer {
    fn step(&self) -> Step {
        Step::Once
    }

    /// A failure must not come of what another request under the same key did in the
    /// meantime, so that one that failed compares too.
    fn apply(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error> {
        match self {
            Self::First(_, Some(answer)) => {
                let old = super::oldest(answer.time);
                tx.answers().insert(facility, answer, old)
            }
            Self::First(key, None) => tx.answers().require_none(facility, *key),
            Self::Again => Ok(()),
        }
    }

    fn give_up(&mut self) {}
}

impl Exchange<'_> {
    /// Whether the request has an idempotency key.
    pub(crate) fn is_keyed(&self) -> bool {
        self.parts.get::<KeptAnswer>().is_some()
    }

    /// The request is the first with its key; its answer is kept once it has one.
    pub(super) fn keep_answer(&mut self, key: Tag, answer: Option<StoredAnswer>) {
        let kept = KeptAnswer::First(key, answer);
        self.parts.change(|part: &mut KeptAnswer| *part = kept);
    }

    /// The request repeats one that was answered.
    pub(super) fn repeat_answer(&mut self) {
        self.repeat();
        self.parts
            .change(|part: &mut KeptAnswer| *part = KeptAnswer::Again);
    }
}
