//! One request in one facility: what it decides, touches and writes, until one
//! commit makes all of it true or none of it.
//!
//! An interaction works on an [`Exchange`] and returns what it would answer.
//! [`run`] then commits its parts and its audit together, with the epochs that the
//! decisions read, and only after that lets the answer go.

mod acts;
pub(crate) mod asked;
mod audited;
mod carry_out;
mod commit;
pub(crate) mod door;
pub(crate) mod facts;
pub(crate) mod part;
pub(crate) mod reach;
pub(crate) mod rules;
mod run;
pub(crate) mod sent;
mod spent;

pub use run::run;

use crate::{
    app::App,
    context::Context,
    exchange::{acts::Acts, part::Parts, rules::Rules, spent::Spent},
    facility::{Facility, in_force::InForce, registered::Registered},
    limits::budget::Budget,
};
use fhir::{audit_event::AuditPatient, definition::Definition};
use model::{EpochRead, FacilityName, Interaction, LogicalId, ResourceType, Tag, Timestamp};
use policies::{Action, Caller, Role, Target};
use std::{collections::BTreeMap, sync::Arc};

/// One request in one facility, on its way to one commit.
pub struct Exchange<'c> {
    /// Who asks for what, where.
    pub context: &'c Context,
    /// The moment of every audit record and, unless the clock was behind, of every
    /// version that it makes.
    pub at: Timestamp,
    /// The restful-interaction code of the request.
    pub interaction: Interaction,
    /// What it may still cost.
    pub(crate) budget: Budget,
    /// What it has cost its caller's budgets.
    spent: Spent,
    /// What it decides by, and has decided.
    rules: Rules,
    /// What it does, for the audit.
    acts: Acts,
    /// What it writes.
    pub(crate) parts: Parts,
    /// Whether it repeats a request that was answered.
    repeats: bool,
    /// What is in force at the facility of the request.
    in_force: Arc<InForce>,
    /// What was found of the records by whose rules Binaries go.
    pub(crate) contexts: Contexts,
}

/// The patients of records, by tag and how much the request had written then; `None` for
/// what a read does not show.
pub(crate) type Contexts = BTreeMap<(Tag, usize), Option<Vec<AuditPatient>>>;

impl<'c> Exchange<'c> {
    fn begin(context: &'c Context, interaction: &Interaction, spent: Spent) -> Self {
        let rules = Rules::of(context);
        let in_force = rules.sides().first().map(|side| Arc::clone(&side.in_force));
        Self {
            context,
            at: context.app.clock.now(),
            interaction: interaction.clone(),
            acts: Acts::of(interaction),
            budget: Budget::new(&context.app.limits),
            spent,
            in_force: in_force.unwrap_or_else(|| context.facility.in_force()),
            rules,
            contexts: Contexts::default(),
            parts: Parts::default(),
            repeats: false,
        }
    }

    /// How people call the organisation of a facility concerned, as it has registered it.
    fn organisation_of(&self, name: &FacilityName) -> Option<String> {
        let registered = self.rules.registered_at(name)?;
        registered.profile()?.registrant.organisation.clone()
    }

    /// The caller minus unregistered roles.
    pub(crate) const fn caller(&self) -> &Arc<Caller> {
        self.rules.caller()
    }

    /// The epochs that the decisions rest on.
    pub(crate) fn epochs(&self) -> Vec<EpochRead> {
        let epochs = self.rules.epochs().into_iter();
        epochs.map(|(_, epoch)| epoch).collect()
    }

    /// The tag of the token's patient, at home.
    pub(crate) const fn own_patient(&self) -> Option<Tag> {
        self.rules.own_patient()
    }

    /// The process that the request came to.
    #[must_use]
    pub fn app(&self) -> &'c App {
        &self.context.app
    }

    /// The facility at whose base the request is made.
    #[must_use]
    pub fn facility(&self) -> &'c Facility {
        &self.context.facility
    }

    /// Who is registered at the facility at whose base the request is made.
    pub(crate) fn registered(&self) -> &Registered {
        &self.in_force.registered
    }

    /// The tag of a record of this facility.
    #[must_use]
    pub fn tag(&self, resource_type: &ResourceType, id: &LogicalId) -> Tag {
        self.facility()
            .tags
            .record_tag(resource_type.as_str(), id.as_str())
    }

    /// What a decision is asked over when there is no such record: the record
    /// that it would be, of no patient.
    #[must_use]
    pub fn absent(&self, resource_type: &ResourceType, id: &LogicalId) -> Target {
        let facts = facts::of_record(&self.facility().name, resource_type, Vec::new());
        facts.of_record(self.tag(resource_type, id))
    }

    /// What a decision about a write is asked over when there is no such record: a
    /// record of a patient whom nobody knows. Whoever may write that may write whatever
    /// could stand there, so the answer may tell that nothing does.
    #[must_use]
    pub fn unknown(&self, resource_type: &ResourceType, id: &LogicalId) -> Target {
        let mut target = self.absent(resource_type, id);
        if of_patients(resource_type) {
            target.patients.push(Tag::ZERO);
        }
        target
    }

    /// Whether an answer may tell the caller that some record is damaged, whatever is in
    /// it: clinicians and systems of this facility who may read a record of the type
    /// whoever it is about. Others would learn of a record that they may not see.
    #[must_use]
    pub fn may_know_of_damage(&self, actions: &[Action], kind: &ResourceType) -> bool {
        let caller = self.caller();
        let role = |role| caller.roles.contains(&role);
        self.context.home.is_none()
            && caller.patient.is_none()
            && (role(Role::System) || role(Role::Clinician))
            && self.reaches_all(actions, kind)
    }

    /// The request repeats one that was answered; its audit says so.
    pub(crate) const fn repeat(&mut self) {
        self.repeats = true;
    }

    /// Gives up what was to be written, so that the audit of a failed request names
    /// no version that never was.
    fn give_up_writes(&mut self) {
        self.parts.give_up();
        self.acts.give_up_writes();
    }
}

/// Whether records of a type can be a patient's.
pub(crate) fn of_patients(resource_type: &ResourceType) -> bool {
    let name = resource_type.as_str();
    matches!(name, "Patient" | "Binary")
        || Definition::of(name).is_some_and(|definition| !definition.compartment.is_empty())
}
