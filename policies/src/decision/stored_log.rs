//! The stored form of the decisions of a request: callers, rules and resources each in
//! a list, and decisions that point into the lists. Members stand in the order of their
//! names, so that it is canonical JSON as it is written.

use crate::{
    Action, CallerEntity, ConsentRule, DecisionRecord, Outcome, ResourceEntity, Ruling,
    decision::class::{Class, Relation},
};
use model::{Digest, FacilityName};
use serde::{Deserialize, Serialize, de::Error as _};
use std::collections::BTreeMap;

/// The form that this release writes; form 1 had neither relation nor digest.
const FORM: u8 = 2;

/// A class of decisions as it was stored.
pub struct StoredClass {
    /// The first of them.
    pub first: DecisionRecord,
    /// Whom the records are about; `None` in form 1.
    pub relation: Option<Relation>,
    /// How many there were.
    pub times: u32,
    /// The digest of the patients of all; `None` for a single one, and in form 1.
    pub digest: Option<Digest>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StoredLog {
    callers: Vec<CallerEntity>,
    decisions: Vec<StoredDecision>,
    form: u8,
    resources: Vec<ResourceEntity>,
    rules: Vec<StoredRules>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRules {
    digest: Digest,
    facility: FacilityName,
    number: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredDecision {
    action: Action,
    caller: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    consents: Vec<ConsentRule>,
    denied: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    relation: Option<Relation>,
    resource: usize,
    rulings: Vec<StoredRuling>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    times: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredRuling {
    action: Action,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
    permit: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    policies: Vec<String>,
    rules: usize,
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
    pub(crate) fn of(classes: &[Class]) -> Self {
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
        let decisions = classes
            .iter()
            .map(|class| {
                let first = &class.first;
                StoredDecision {
                    caller: callers.of(&first.caller),
                    action: first.action,
                    resource: resources.of(&first.resource),
                    times: class.times,
                    relation: Some(class.relation),
                    digest: (class.times > 1).then(|| class.digest()),
                    scope: first.scope.clone(),
                    consents: first.consents.clone(),
                    rulings: first.rulings.iter().map(&mut ruling_of).collect(),
                    denied: first.outcome,
                }
            })
            .collect();
        Self {
            form: FORM,
            callers: callers.into_list(),
            rules: rules.into_list(),
            resources: resources.into_list(),
            decisions,
        }
    }

    pub(crate) fn classes(&self) -> Result<Vec<StoredClass>, serde_json::Error> {
        if !(1..=FORM).contains(&self.form) {
            return Err(serde_json::Error::custom(
                "the form of the decisions is unknown",
            ));
        }
        let missing = || serde_json::Error::custom("a decision points outside its list");
        let read = |decision| self.expand(decision).ok_or_else(missing);
        self.decisions.iter().map(read).collect()
    }

    fn expand(&self, stored: &StoredDecision) -> Option<StoredClass> {
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
        let rulings = stored.rulings.iter().map(ruling_of);
        Some(StoredClass {
            first: DecisionRecord {
                caller: self.callers.get(stored.caller)?.clone(),
                action: stored.action,
                resource: self.resources.get(stored.resource)?.clone(),
                scope: stored.scope.clone(),
                consents: stored.consents.clone(),
                rulings: rulings.collect::<Option<_>>()?,
                outcome: stored.denied,
            },
            relation: stored.relation,
            times: stored.times,
            digest: stored.digest,
        })
    }
}
