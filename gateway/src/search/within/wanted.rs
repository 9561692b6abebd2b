//! What an occurrence of a parameter wants, before tags are known.

use crate::search::parameter::reference::RecordName;
use index::{Condition, Criterion};
use sealing::IdRoot;

/// What an occurrence asks of the values of a record.
pub(crate) enum Wanted {
    /// One of these is met.
    Any(Vec<Asked>),
    /// None of these is.
    NotAny(Vec<Asked>),
    /// There is no value, or there is one.
    Missing(bool),
}

impl Wanted {
    pub(super) const fn values(&self) -> usize {
        match self {
            Self::Any(asked) | Self::NotAny(asked) => asked.len(),
            Self::Missing(_) => 1,
        }
    }

    /// As the evaluator takes it.
    pub(super) fn condition(&self, tags: &IdRoot) -> Condition {
        let all = |asked: &[Asked]| -> Vec<Criterion> {
            asked.iter().map(|one| one.criterion(tags)).collect()
        };
        match self {
            Self::Any(asked) => Condition::Any(all(asked)),
            Self::NotAny(asked) => Condition::NotAny(all(asked)),
            Self::Missing(missing) => Condition::Missing(*missing),
        }
    }
}

/// A value that is asked for.
#[derive(Clone)]
pub(crate) enum Asked {
    /// By itself.
    Criterion(Criterion),
    /// A reference to a record of this facility.
    Record(RecordName),
    /// One of each component of a composite.
    Parts(Vec<Asked>),
}

impl Asked {
    /// With the tags of a facility.
    pub(super) fn criterion(&self, tags: &IdRoot) -> Criterion {
        match self {
            Self::Criterion(criterion) => criterion.clone(),
            Self::Record(RecordName { kind, id }) => {
                Criterion::Reference(tags.record_tag(kind.as_str(), id.as_str()))
            }
            Self::Parts(parts) => {
                let parts = parts.iter().map(|part| part.criterion(tags));
                Criterion::Composite(parts.collect())
            }
        }
    }
}
