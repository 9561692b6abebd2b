//! The decisions of one request: each distinct question is judged and stored
//! once, so a Bundle of a thousand entries costs and keeps what its few kinds
//! of entries do.
//!
//! Stored form 1: callers, rules and resources each in a list, and decisions
//! that point into the lists.

use crate::{
    Action, Authorizer, Caller, CallerEntity, ConsentRule, Decision, DecisionRecord, Outcome,
    Question, ResourceEntity, Ruling, Target,
};
use model::{Digest, FacilityName, Tag};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Collects the decisions of one request of one caller. Epochs that moved call
/// for a new log.
pub struct DecisionLog {
    caller: Caller,
    own_patient: Option<Tag>,
    known: BTreeMap<(Action, Target), usize>,
    decisions: Vec<(Arc<DecisionRecord>, u32)>,
}

impl DecisionLog {
    /// A log for the request of `caller`; `own_patient` as in a question.
    #[must_use]
    pub const fn new(caller: Caller, own_patient: Option<Tag>) -> Self {
        Self {
            caller,
            own_patient,
            known: BTreeMap::new(),
            decisions: Vec::new(),
        }
    }

    /// Whose request it is.
    #[must_use]
    pub const fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Decides by [`Authorizer::decide`], or as it has decided the same question
    /// before in this request, and keeps what the audit needs. The rules must be
    /// the same throughout the request.
    pub fn decide(
        &mut self,
        authorizer: &Authorizer,
        action: Action,
        target: &Target,
        epochs: &[model::EpochRead],
    ) -> Decision {
        let question = Question {
            caller: &self.caller,
            own_patient: self.own_patient,
            action,
            target,
            consents: &[],
            epochs,
        };
        let class = (action, class_of(target));
        let before = self
            .known
            .get(&class)
            .and_then(|&at| self.decisions.get_mut(at));
        if let Some((record, count)) = before {
            *count = count.saturating_add(1);
            return Decision::of(&question, Arc::clone(record));
        }
        let record = Arc::new(authorizer.judge(
            CallerEntity::of(&question),
            action,
            ResourceEntity::of(target),
            question.consents.to_vec(),
        ));
        self.known.insert(class, self.decisions.len());
        self.decisions.push((Arc::clone(&record), 1));
        Decision::of(&question, record)
    }

    /// The decisions in the order in which they were first made, each with how
    /// often it was.
    pub fn decisions(&self) -> impl Iterator<Item = (&DecisionRecord, u32)> {
        self.decisions
            .iter()
            .map(|(record, count)| (&**record, *count))
    }

    /// The stored form, as JSON text.
    ///
    /// # Errors
    /// None that is known.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(&StoredLog::of(&self.decisions))
    }

    /// Reads decisions back from the stored form.
    ///
    /// # Errors
    /// When it is not that form, or points outside its lists.
    pub fn read_json(json: &[u8]) -> Result<Vec<(DecisionRecord, u32)>, serde_json::Error> {
        let stored: StoredLog = serde_json::from_slice(json)?;
        let missing = || serde::de::Error::custom("a decision points outside its list");
        let read = |decision| stored.expand(decision).ok_or_else(missing);
        stored.decisions.iter().map(read).collect()
    }
}

/// The target without the record's own name, on which no decision depends; a
/// record stays different from all records of its type.
fn class_of(target: &Target) -> Target {
    Target {
        record: target.record.map(|_| Tag::ZERO),
        ..target.clone()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredLog {
    form: u8,
    callers: Vec<CallerEntity>,
    rules: Vec<StoredRules>,
    resources: Vec<ResourceEntity>,
    decisions: Vec<StoredDecision>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRules {
    facility: FacilityName,
    number: u32,
    digest: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredDecision {
    caller: usize,
    action: Action,
    resource: usize,
    times: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    consents: Vec<ConsentRule>,
    rulings: Vec<StoredRuling>,
    denied: Outcome,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRuling {
    rules: usize,
    action: Action,
    permit: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    policies: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
}

/// Gives each distinct value a place in a list.
struct Places<T>(BTreeMap<T, usize>);

impl<T: Ord + Clone> Places<T> {
    const fn new() -> Self {
        Self(BTreeMap::new())
    }

    fn of(&mut self, value: &T) -> usize {
        if let Some(&place) = self.0.get(value) {
            return place;
        }
        let place = self.0.len();
        self.0.insert(value.clone(), place);
        place
    }

    fn into_list(self) -> Vec<T> {
        let mut list: Vec<_> = self.0.into_iter().collect();
        list.sort_unstable_by_key(|(_, place)| *place);
        list.into_iter().map(|(value, _)| value).collect()
    }
}

impl StoredLog {
    fn of(decisions: &[(Arc<DecisionRecord>, u32)]) -> Self {
        let (mut callers, mut rules, mut resources) = (Places::new(), Places::new(), Places::new());
        let mut ruling_of = |ruling: &Ruling| StoredRuling {
            rules: rules.of(&StoredRules {
                facility: ruling.facility.clone(),
                number: ruling.number,
                digest: ruling.digest,
            }),
            action: ruling.action,
            permit: ruling.permit,
            policies: ruling.policies.clone(),
            errors: ruling.errors.clone(),
        };
        let decisions = decisions
            .iter()
            .map(|(record, times)| StoredDecision {
                caller: callers.of(&record.caller),
                action: record.action,
                resource: resources.of(&record.resource),
                times: *times,
                scope: record.scope.clone(),
                consents: record.consents.clone(),
                rulings: record.rulings.iter().map(&mut ruling_of).collect(),
                denied: record.outcome,
            })
            .collect();
        Self {
            form: 1,
            callers: callers.into_list(),
            rules: rules.into_list(),
            resources: resources.into_list(),
            decisions,
        }
    }

    fn expand(&self, stored: &StoredDecision) -> Option<(DecisionRecord, u32)> {
        let ruling_of = |ruling: &StoredRuling| {
            let rules = self.rules.get(ruling.rules)?;
            Some(Ruling {
                facility: rules.facility.clone(),
                number: rules.number,
                digest: rules.digest,
                action: ruling.action,
                permit: ruling.permit,
                policies: ruling.policies.clone(),
                errors: ruling.errors.clone(),
            })
        };
        let record = DecisionRecord {
            caller: self.callers.get(stored.caller)?.clone(),
            action: stored.action,
            resource: self.resources.get(stored.resource)?.clone(),
            scope: stored.scope.clone(),
            consents: stored.consents.clone(),
            rulings: stored
                .rulings
                .iter()
                .map(ruling_of)
                .collect::<Option<_>>()?,
            outcome: stored.denied,
        };
        (self.form == 1).then_some((record, stored.times))
    }
}
