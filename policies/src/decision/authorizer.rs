//! How a question is judged; [`DecisionLog::decide`](crate::DecisionLog::decide) makes a
//! decision of it.
//!
//! In this order, each able to deny and none to permit alone: the question must
//! exist, a scope of the token must grant it (administration needs none), a caller of
//! another facility must be of one with which the target's shares and which shares with
//! it, and the rules of every facility concerned must permit it: that of the target and,
//! when it is another, the caller's own. Consent comes after the rules once it is
//! enforced.

use crate::{
    Action, CallerEntity, Compiled, ConsentRule, DecisionRecord, Outcome, Question, Reason,
    ReplayError, ResourceEntity, SmartScope, question::resource_kind::ResourceKind,
};
use model::FacilityName;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The rules in force of the facilities that a request concerns. It never changes: a
/// request under a new policy set makes a new one.
#[derive(Debug, Clone, Default)]
pub struct Authorizer {
    rules: BTreeMap<FacilityName, Arc<Compiled>>,
    sharing: BTreeMap<FacilityName, BTreeSet<FacilityName>>,
}

impl Authorizer {
    /// Rules by facility. A facility without valid rules is left out, and
    /// everything that concerns it is denied.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = (FacilityName, Arc<Compiled>)>) -> Self {
        Self {
            rules: rules.into_iter().collect(),
            sharing: BTreeMap::new(),
        }
    }

    /// With whom each facility shares. Without it nothing is shared.
    #[must_use]
    pub fn sharing(
        mut self,
        sharing: impl IntoIterator<Item = (FacilityName, BTreeSet<FacilityName>)>,
    ) -> Self {
        self.sharing = sharing.into_iter().collect();
        self
    }

    /// Whether both list each other.
    fn share(&self, one: &FacilityName, other: &FacilityName) -> bool {
        let lists = |one, other| {
            self.sharing
                .get(one)
                .is_some_and(|with| with.contains(other))
        };
        lists(one, other) && lists(other, one)
    }

    /// The rules of a facility.
    #[must_use]
    pub fn rules_of(&self, facility: &FacilityName) -> Option<&Arc<Compiled>> {
        self.rules.get(facility)
    }

    /// Whether a question would be permitted; no right comes of it.
    #[must_use]
    pub fn permits(&self, question: &Question<'_>) -> bool {
        let record = self.judge(question);
        record.outcome == Outcome::Permit && !record.rulings.is_empty()
    }

    /// Decides a recorded question again, with these rules.
    ///
    /// # Errors
    /// When these are not the rules that were in force.
    pub fn replay(&self, record: &DecisionRecord) -> Result<Outcome, ReplayError> {
        for ruling in &record.rulings {
            let same = |rules: &&Arc<Compiled>| rules.digest() == ruling.digest;
            if self.rules.get(&ruling.facility).filter(same).is_none() {
                return Err(ReplayError::OtherRules {
                    facility: ruling.facility.clone(),
                    number: ruling.number,
                });
            }
        }
        // Who shared with whom then is a fact of the question, and the outcome tells it.
        let shared = record.outcome != Outcome::Denied(Reason::NotShared);
        let again = self.judge_as(
            Some(shared),
            record.caller.clone(),
            record.action,
            record.resource.clone(),
            record.consents.clone(),
        );
        Ok(again.outcome)
    }

    pub(crate) fn judge(&self, question: &Question<'_>) -> DecisionRecord {
        self.judge_as(
            None,
            CallerEntity::of(question),
            question.action,
            ResourceEntity::of(question.target),
            question.consents.to_vec(),
        )
    }

    /// `shared` in the place of what the facilities say now, if given.
    fn judge_as(
        &self,
        shared: Option<bool>,
        caller: CallerEntity,
        action: Action,
        resource: ResourceEntity,
        consents: Vec<ConsentRule>,
    ) -> DecisionRecord {
        let mut record = DecisionRecord {
            caller,
            action,
            resource,
            scope: None,
            consents,
            rulings: Vec::new(),
            outcome: Outcome::Denied(Reason::NotApplicable),
        };
        record.outcome = match self.reason_against(shared, &mut record) {
            None => Outcome::Permit,
            Some(reason) => Outcome::Denied(reason),
        };
        record
    }

    fn reason_against(&self, shared: Option<bool>, record: &mut DecisionRecord) -> Option<Reason> {
        let DecisionRecord {
            caller,
            action,
            resource,
            ..
        } = &*record;
        if let Some(reason) = cannot_be_asked(*action, resource) {
            return Some(reason);
        }
        // The first scope that grants it, where one must.
        let scope = if action.needs_scope() {
            Some(granting_scope(caller, *action, resource))
        } else {
            None
        };
        if scope == Some(None) {
            return Some(Reason::NoScope);
        }
        let (Some(here), Some(home)) = (resource.facility(), caller.facility()) else {
            return Some(Reason::NoRules);
        };
        if home != here && !shared.unwrap_or_else(|| self.share(&here, &home)) {
            return Some(Reason::NotShared);
        }
        let asked = action.asked_for(resource.kind());
        let mut rulings = Vec::new();
        let elsewhere = (home != here).then_some(home);
        for facility in [Some(here), elsewhere].into_iter().flatten() {
            let Some(rules) = self.rules.get(&facility) else {
                return Some(Reason::NoRules);
            };
            rulings.extend(rules.rule(&facility, caller, asked, resource));
        }
        // The gravest reason is named: an error over a forbid over no permit.
        let reason = rulings.iter().filter_map(|ruling| ruling.reason()).max();
        record.rulings = rulings;
        record.scope = scope.flatten();
        reason
    }
}

fn cannot_be_asked(action: Action, resource: &ResourceEntity) -> Option<Reason> {
    let kind = resource.kind();
    let audit = matches!(kind, ResourceKind::AuditEvent | ResourceKind::AuditTrail);
    if audit && action.writes() {
        Some(Reason::AuditIsReadOnly)
    } else if !action.applies_to(kind) {
        Some(Reason::NotApplicable)
    } else {
        None
    }
}

/// The first scope of the token that grants the action.
fn granting_scope(
    caller: &CallerEntity,
    action: Action,
    resource: &ResourceEntity,
) -> Option<String> {
    let grants = |text: &&String| {
        text.parse().is_ok_and(|scope: SmartScope| {
            scope.grants(
                action,
                resource.kind(),
                resource.attributes(),
                caller.patient(),
            )
        })
    };
    caller.scopes().iter().find(grants).cloned()
}
