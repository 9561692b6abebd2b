//! A policy set that has passed every check, and the ruling of its facility.
//!
//! Any fault refuses the whole set: a set without one of its policies is
//! another set, and if the missing one is a forbid, a weaker one. For the same
//! reason an error while a policy is evaluated makes the ruling a denial;
//! Cedar alone would skip that policy
//! (<https://docs.cedarpolicy.com/auth/authorization.html>).

use crate::{
    Action, CallerEntity, PolicyError, PolicySource, ResourceEntity, Ruling,
    set::{
        limits,
        memory::{Memory, Question},
    },
};
use cedar_policy::{
    ActionConstraint, Authorizer, Context, Decision, Entities, EntityId, EntityTypeName, EntityUid,
    Policy, PolicyId, PolicySet, Request, RestrictedExpression, Schema, ValidationMode, Validator,
};
use model::{Digest, FacilityName};
use std::{collections::BTreeMap, fmt::Display};

/// Attributes may be read of caller, resource and context, not of what they
/// point to: nothing beyond is given to a decision.
const MAX_DEREFERENCES: u32 = 1;

/// A policy set ready to be asked.
#[derive(Debug)]
pub struct Compiled {
    number: u32,
    digest: Digest,
    schema: Schema,
    facility_type: EntityTypeName,
    actions: BTreeMap<Action, AskedAction>,
    memory: Memory,
}

/// An action with what can bear on it.
#[derive(Debug)]
struct AskedAction {
    uid: EntityUid,
    /// The policies whose action constraint holds for it. Cedar takes 2 to 3
    /// microseconds a policy, and one for another action never counts.
    policies: PolicySet,
    /// The action with its groups.
    entities: Entities,
    /// Whether any of them looks at whom a record is about.
    looks_at_patients: bool,
}

impl Compiled {
    /// Checks and compiles a set; `number` is that of its row.
    ///
    /// # Errors
    /// For the first fault found; no part of a faulty set is used.
    pub fn new(number: u32, source: &PolicySource) -> Result<Self, PolicyError> {
        limits::check(source)?;
        let (schema, warnings) =
            Schema::from_cedarschema_str(&source.schema).map_err(schema_error)?;
        if let Some(warning) = warnings.into_iter().next() {
            return Err(schema_error(warning));
        }
        let mut policies = PolicySet::new();
        for (id, text) in &source.policies {
            let policy = parse(id, text)?;
            policies
                .add(policy)
                .map_err(|error| parse_error(id, &error))?;
        }
        validate(&schema, &policies)?;
        let facility_type = schema
            .entity_types()
            .find(|name| name.basename() == "Facility")
            .cloned()
            .ok_or_else(|| lacks("Facility"))?;
        let mut actions = BTreeMap::new();
        for action in Action::ALL {
            match AskedAction::new(action, &schema, &policies) {
                Ok(asked) => drop(actions.insert(action, asked)),
                Err(PolicyError::SchemaLacks { .. }) if action.is_later() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            number,
            digest: source.digest(),
            schema,
            facility_type,
            actions,
            memory: Memory::new(),
        })
    }

    /// The number of its row.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Whether the set knows an action at all; one that it does not know it permits to
    /// nobody.
    #[must_use]
    pub fn knows(&self, action: Action) -> bool {
        self.actions.contains_key(&action)
    }

    /// The digest that leaves hold.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What the set, as the rules of `facility`, says to each of `asked`.
    pub(crate) fn rule(
        &self,
        facility: &FacilityName,
        caller: &CallerEntity,
        asked: &'static [Action],
        resource: &ResourceEntity,
    ) -> Vec<Ruling> {
        let looks_at_patients = |action| {
            let asked = self.actions.get(action);
            asked.is_none_or(|asked| asked.looks_at_patients)
        };
        let question = Question {
            facility: facility.clone(),
            caller: caller.clone(),
            asked,
            resource: if asked.iter().any(looks_at_patients) {
                resource.clone()
            } else {
                resource.of_anybody()
            },
        };
        self.memory.recall(question, || {
            self.evaluate(facility, caller, asked, resource)
        })
    }

    fn evaluate(
        &self,
        facility: &FacilityName,
        caller: &CallerEntity,
        asked: &[Action],
        resource: &ResourceEntity,
    ) -> Vec<Ruling> {
        let entities = caller
            .to_cedar(&self.schema)
            .and_then(|caller| Ok([caller, resource.to_cedar(&self.schema)?]));
        asked
            .iter()
            .map(|&action| {
                let mut ruling = Ruling::denial(facility.clone(), action, self.number, self.digest);
                let answer = entities
                    .as_ref()
                    .map_err(Clone::clone)
                    .and_then(|entities| self.ask(facility, action, entities, &mut ruling));
                if let Err(error) = answer {
                    ruling.errors.push(error);
                }
                ruling.permit = ruling.permit && ruling.errors.is_empty();
                ruling
            })
            .collect()
    }

    fn ask(
        &self,
        facility: &FacilityName,
        action: Action,
        [caller, resource]: &[cedar_policy::Entity; 2],
        ruling: &mut Ruling,
    ) -> Result<(), String> {
        let text = |error: &dyn Display| error.to_string();
        let asked = self.actions.get(&action).ok_or("the action is unknown")?;
        let rules_of = EntityUid::from_type_name_and_id(
            self.facility_type.clone(),
            EntityId::new(facility.as_str()),
        );
        let context = Context::from_pairs([(
            String::from("rulesOf"),
            RestrictedExpression::new_entity_uid(rules_of),
        )])
        .map_err(|error| text(&error))?;
        let request = Request::new(
            caller.uid(),
            asked.uid.clone(),
            resource.uid(),
            context,
            Some(&self.schema),
        )
        .map_err(|error| text(&error))?;
        let entities = asked
            .entities
            .clone()
            .add_entities([caller.clone(), resource.clone()], Some(&self.schema))
            .map_err(|error| text(&error))?;
        let response = Authorizer::new().is_authorized(&request, &asked.policies, &entities);
        let diagnostics = response.diagnostics();
        ruling.permit = response.decision() == Decision::Allow;
        ruling.policies = diagnostics.reason().map(ToString::to_string).collect();
        ruling.policies.sort_unstable();
        ruling.errors = diagnostics.errors().map(ToString::to_string).collect();
        ruling.errors.sort_unstable();
        Ok(())
    }
}

impl AskedAction {
    fn new(action: Action, schema: &Schema, policies: &PolicySet) -> Result<Self, PolicyError> {
        let uid = schema
            .actions()
            .find(|uid| uid.id().unescaped() == action.name())
            .cloned()
            .ok_or_else(|| lacks(action.name()))?;
        let all = schema.action_entities().map_err(schema_error)?;
        let is_in = |group: &EntityUid| *group == uid || all.is_ancestor_of(group, &uid);
        let bears = |policy: &&Policy| match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(named) => named == uid,
            ActionConstraint::In(groups) => groups.iter().any(is_in),
        };
        let policies = PolicySet::from_policies(policies.policies().filter(bears).cloned())
            .map_err(schema_error)?;
        let own = all.iter().filter(|entity| is_in(&entity.uid())).cloned();
        // Groups that the action is in, and the action itself.
        let entities = Entities::from_entities(own, None).map_err(schema_error)?;
        let looks_at_patients = policies.policies().any(looks_at_patients);
        Ok(Self {
            uid,
            policies,
            entities,
            looks_at_patients,
        })
    }
}

/// Whether the word is anywhere in the policy, in whichever spelling: the JSON form
/// has no escapes left in it.
fn looks_at_patients(policy: &Policy) -> bool {
    let json = policy.to_json();
    json.map_or(true, |json| json.to_string().contains("patients"))
}

fn parse(id: &str, text: &str) -> Result<Policy, PolicyError> {
    let policy = Policy::parse(Some(PolicyId::new(id)), text).map_err(|e| parse_error(id, &e))?;
    if policy.annotation("id") == Some(id) {
        Ok(policy)
    } else {
        Err(PolicyError::IdAnnotation { id: id.to_owned() })
    }
}

/// Strict, and a warning is an error: a policy that can never hold, or text
/// that looks like other text, is not what its author meant.
fn validate(schema: &Schema, policies: &PolicySet) -> Result<(), PolicyError> {
    let result = Validator::new(schema.clone()).validate_with_level(
        policies,
        ValidationMode::Strict,
        MAX_DEREFERENCES,
    );
    let errors = result
        .validation_errors()
        .map(|error| (error.policy_id().to_string(), error.to_string()));
    let warnings = result
        .validation_warnings()
        .map(|warning| (warning.policy_id().to_string(), warning.to_string()));
    match errors.chain(warnings).next() {
        None => Ok(()),
        Some((id, reason)) => Err(PolicyError::Validation { id, reason }),
    }
}

fn schema_error(error: impl Display) -> PolicyError {
    PolicyError::Schema {
        reason: error.to_string(),
    }
}

fn parse_error(id: &str, error: &dyn Display) -> PolicyError {
    PolicyError::Parse {
        id: id.to_owned(),
        reason: error.to_string(),
    }
}

fn lacks(name: &str) -> PolicyError {
    PolicyError::SchemaLacks {
        name: name.to_owned(),
    }
}
