//! The right to act, as a value that only a decision can make.

use crate::decision::decision_record::Outcome;
use crate::{Action, DecisionRecord, Question, Reason, Ruling, Target, Withheld};
use model::{Digest, FacilityName};
use std::sync::Arc;

/// How a question was decided.
#[must_use]
pub enum Decision {
    /// It may be done.
    Permit(Permit),
    /// It may not.
    Denied(Denial),
}

/// The right to do one action on one target. It cannot be made but by
/// [`DecisionLog::decide`](crate::DecisionLog::decide), which keeps its decision for the
/// audit, nor copied to another target. Whether the rules are still in force is for the
/// transaction, which compares their epochs.
pub struct Permit {
    action: Action,
    target: Target,
    record: Arc<DecisionRecord>,
}

/// A denial with its reason; hidden and absent look alike to the caller, so
/// the reason is for the audit.
pub struct Denial {
    reason: Reason,
    record: Arc<DecisionRecord>,
}

/// A permit was used for something else than it was given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the permit was given for another record or action")]
pub struct WrongPermit;

impl Decision {
    /// Binds what was found to the target that was asked about.
    pub(crate) fn of(question: &Question<'_>, record: Arc<DecisionRecord>) -> Self {
        let reason = match (record.outcome, record.rulings.is_empty()) {
            (Outcome::Permit, false) => {
                return Self::Permit(Permit {
                    action: question.action,
                    target: question.target.clone(),
                    record,
                });
            }
            (Outcome::Permit, true) => Reason::NoRules,
            (Outcome::Denied(reason), _) => reason,
        };
        Self::Denied(Denial { reason, record })
    }

    /// What the audit stores of it.
    #[must_use]
    pub fn record(&self) -> &DecisionRecord {
        match self {
            Self::Permit(permit) => &permit.record,
            Self::Denied(denial) => &denial.record,
        }
    }
}

impl Permit {
    /// What it permits.
    #[must_use]
    pub const fn action(&self) -> Action {
        self.action
    }

    /// Number and digest of the policy set of a facility whose rules were
    /// asked: the target's and, across facilities, the caller's.
    #[must_use]
    pub fn policy_of(&self, facility: &FacilityName) -> Option<(u32, Digest)> {
        let of = |ruling: &&Ruling| ruling.facility == *facility;
        let ruling = self.record.rulings.iter().find(of)?;
        Some((ruling.number, ruling.digest))
    }

    /// Lets out the content of the record that it was given for.
    ///
    /// # Errors
    /// When it was given for another record, for other facts of that record, or
    /// for an action that shows nothing; the content is dropped.
    pub fn release<T>(&self, withheld: Withheld<T>) -> Result<T, WrongPermit> {
        if self.action.discloses() && withheld.target() == self.target {
            Ok(withheld.into_value())
        } else {
            Err(WrongPermit)
        }
    }

    /// Takes from withheld content what a proof without content shows. `leaf`
    /// must return nothing but the statement and the leaf salt.
    ///
    /// # Errors
    /// When the permit was given for another record, or not for a proof.
    pub fn release_leaf<T, U>(
        &self,
        withheld: Withheld<T>,
        leaf: impl FnOnce(T) -> U,
    ) -> Result<U, WrongPermit> {
        let proves = matches!(self.action, Action::Proof | Action::ProofWithoutContent);
        if proves && withheld.target() == self.target {
            Ok(leaf(withheld.into_value()))
        } else {
            Err(WrongPermit)
        }
    }

    /// Checks, before a version is written, that it was given for writing
    /// exactly `target`.
    ///
    /// # Errors
    /// When it was given for another target or does not permit a write.
    pub fn check_write(&self, target: &Target) -> Result<(), WrongPermit> {
        if self.action.writes() && *target == self.target {
            Ok(())
        } else {
            Err(WrongPermit)
        }
    }
}

impl Denial {
    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}
