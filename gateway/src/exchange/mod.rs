//! One request in one facility: what it decides, touches and writes, until one
//! commit makes all of it true or none of it.
//!
//! An interaction works on an [`Exchange`] and returns what it would answer.
//! [`run`] then commits versions and audit together, with the epochs that the
//! decisions read, and only after that lets the answer go. When the epochs have
//! moved, another writer took a version, or the same request was answered meanwhile,
//! the interaction runs again.

pub(crate) mod acts;
pub(crate) mod commit;
pub(crate) mod done;
pub(crate) mod idempotency;
pub(crate) mod overlay;
pub(crate) mod rows;
pub(crate) mod sent;
pub(crate) mod sight;

use crate::{
    admin::Writes,
    app::App,
    context::Context,
    exchange::{acts::Acts, commit::CommitError, idempotency::Keyed},
    facility::{
        Facility,
        in_force::InForce,
        registered::{self, Registered},
    },
    failure::Failure,
    http::reply::VersionMark,
    limits::{budget::Budget, spent::Spent},
    record::{
        security_context::Contexts,
        version::{Found, OpenVersion},
        write::NewContent,
    },
};
use fhir::{audit_event::AuditPatient, definition::Definition};
use model::{
    AuditInteraction, EpochRead, FacilityName, LogicalId, ResourceType, Tag, Timestamp,
    VersionNumber,
};
use policies::{
    Action, Authorizer, Caller, Decision, DecisionLog, Permit, Role, Target, TargetFacts,
};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};
use store::{FacilityId, KeptQuery, NewVersion};

/// How often a decision is made anew when its epochs moved.
const EPOCH_ATTEMPTS: u32 = 3;
/// How often a write is made anew when its version was taken.
const VERSION_ATTEMPTS: u32 = 5;
/// Patients that a refused write leaves in the audit, at most: the first by id.
const MAX_NAMED: usize = 8;

/// One request in one facility, on its way to one commit.
pub struct Exchange<'c> {
    /// Who asks for what, where.
    pub context: &'c Context,
    /// The moment of every audit record and, unless the clock was behind, of every
    /// version that it makes.
    pub at: Timestamp,
    /// The restful-interaction code of the request.
    pub interaction: AuditInteraction,
    /// What it may still cost.
    pub(crate) budget: Budget,
    /// What it has cost its caller's budgets.
    pub(crate) spent: Spent,
    pub(crate) sides: Vec<Side>,
    /// Who asks, as far as the token is believed.
    pub(crate) caller: Arc<Caller>,
    /// What an administrator changes.
    pub(crate) admin: Writes,
    pub(crate) decisions: DecisionLog,
    /// What it does, for the audit.
    pub(crate) acts: Acts,
    pub(crate) writes: Vec<NewVersion>,
    /// Data keys that were made for what is written. They stay when it is given up.
    pub(crate) keys_made: usize,
    pub(crate) keyed: Keyed,
    /// Queries that its next link needs.
    pub(crate) kept_queries: Vec<KeptQuery>,
    /// What is in force at the base.
    base: Arc<InForce>,
    /// Whether the caller's client counts at all.
    pub(crate) client_counts: bool,
    pub(crate) authorizer: Authorizer,
    pub(crate) epochs: Vec<EpochRead>,
    /// The tag of the token's patient, at home.
    pub(crate) own_patient: Option<Tag>,
    /// What was found of the caller's reach: whether no subject stops it.
    pub(crate) reach: RefCell<BTreeMap<(Action, ResourceType), bool>>,
    /// What was found of the records by whose rules Binaries go.
    pub(crate) contexts: Contexts,
}

/// A facility that the request touches, with its rules as they were read: the one
/// at whose base it is made, and after it the caller's own when that is another.
pub(crate) struct Side {
    pub facility: Arc<Facility>,
    pub in_force: Arc<InForce>,
}

impl<'c> Exchange<'c> {
    fn begin(context: &'c Context, interaction: &AuditInteraction, spent: Spent) -> Self {
        let side = |facility: &Arc<Facility>| Side {
            facility: Arc::clone(facility),
            in_force: facility.in_force(),
        };
        let here = side(&context.facility);
        let base = Arc::clone(&here.in_force);
        let sides: Vec<Side> = [Some(here), context.home.as_ref().map(side)]
            .into_iter()
            .flatten()
            .collect();
        // Ids are a facility's own: at another's base the token's patient is none.
        let own_patient = match (&context.home, &context.caller.patient) {
            (None, Some(id)) => Some(context.facility.tags.record_tag("Patient", id.as_str())),
            _ => None,
        };
        let believed = believed(context, &sides);
        let client_counts = believed.is_some();
        let caller = believed.unwrap_or_else(|| Arc::clone(&context.caller));
        let rules = sides.iter().filter_map(|side| {
            let rules = side.in_force.rules.as_ref()?;
            Some((side.facility.name.clone(), Arc::clone(rules)))
        });
        let sharing = sides.iter().map(|side| {
            let listed = side.in_force.registered.lists_for_sharing();
            (side.facility.name.clone(), listed)
        });
        Self {
            context,
            at: context.app.clock.now(),
            interaction: interaction.clone(),
            acts: Acts::of(interaction),
            budget: Budget::new(&context.app.limits),
            spent,
            authorizer: Authorizer::new(rules).sharing(sharing),
            epochs: sides.iter().map(|side| side.in_force.epoch).collect(),
            sides,
            decisions: DecisionLog::new((*caller).clone(), own_patient),
            own_patient,
            reach: RefCell::default(),
            contexts: Contexts::default(),
            caller,
            base,
            admin: Writes::default(),
            client_counts,
            writes: Vec::new(),
            keys_made: 0,
            keyed: Keyed::No,
            kept_queries: Vec::new(),
        }
    }

    /// The epochs that the decisions rest on, each with its facility.
    pub(crate) fn epochs_by_facility(&self) -> Vec<(FacilityId, EpochRead)> {
        self.sides
            .iter()
            .map(|side| (side.facility.id, side.in_force.epoch))
            .collect()
    }

    /// How people call the organisation of a facility concerned, as it has registered it.
    pub(crate) fn organisation_of(&self, name: &FacilityName) -> Option<String> {
        let side = self.sides.iter().find(|side| side.facility.name == *name)?;
        side.in_force.registered.profile()?.of.organisation.clone()
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
        &self.base.registered
    }

    /// The tag of a record of this facility.
    #[must_use]
    pub fn tag(&self, resource_type: &ResourceType, id: &LogicalId) -> Tag {
        self.facility()
            .tags
            .record_tag(resource_type.as_str(), id.as_str())
    }

    /// Asks whether the caller may do this, under the rules of every facility
    /// concerned.
    #[must_use]
    pub fn decide(&mut self, action: Action, target: &Target) -> Option<Permit> {
        match self
            .decisions
            .decide(&self.authorizer, action, target, &self.epochs)
        {
            Decision::Permit(permit) => Some(permit),
            Decision::Denied(_) => {
                self.context.app.counters.denied();
                None
            }
        }
    }

    /// What a decision is asked over when there is no such record: the record
    /// that it would be, of no patient.
    #[must_use]
    pub fn absent(&self, resource_type: &ResourceType, id: &LogicalId) -> Target {
        let facts = TargetFacts {
            facility: self.facility().name.clone(),
            resource_type: resource_type.clone(),
            patients: Vec::new(),
            labels: Vec::new(),
        };
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
        let caller = &self.caller;
        let role = |role| caller.roles.contains(&role);
        self.context.home.is_none()
            && caller.patient.is_none()
            && (role(Role::System) || role(Role::Clinician))
            && self.reaches_all(actions, kind)
    }

    /// Releases a version to the caller and notes that it was.
    ///
    /// # Errors
    /// As [`Found::release`].
    pub fn release(&mut self, permit: &Permit, found: Found) -> Result<OpenVersion, Failure> {
        let (version, patients) = found.release(permit)?;
        let (kind, number) = (&version.row.resource_type, version.row.number);
        self.touch(kind, &version.id, Some(number), permit.action(), patients);
        Ok(version)
    }

    /// Notes a record that the request was about, for the audit. A Patient is named as the
    /// patient concerned whatever became of the request: whoever asks for it, whether it
    /// is there and may be seen or not, asked about that patient.
    pub fn touch(
        &mut self,
        resource_type: &ResourceType,
        id: &LogicalId,
        version: Option<VersionNumber>,
        action: Action,
        mut patients: Vec<AuditPatient>,
    ) {
        if resource_type.as_str() == "Patient" && patients.is_empty() {
            patients.push(AuditPatient {
                tag: self.tag(resource_type, id),
                id: id.clone(),
            });
        }
        self.acts
            .touch((resource_type, id), version, action.writes(), patients);
    }

    /// [`Self::touch`] for a write that was refused, of which somebody without a right has
    /// chosen the patients.
    pub(crate) fn touch_refused(
        &mut self,
        resource_type: &ResourceType,
        id: &LogicalId,
        action: Action,
        mut patients: Vec<AuditPatient>,
    ) {
        patients.truncate(MAX_NAMED);
        self.touch(resource_type, id, None, action, patients);
    }

    /// Gives up what was to be written, so that the audit of a failed request names
    /// no version that never was.
    pub(crate) fn give_up_writes(&mut self) {
        self.writes.clear();
        self.kept_queries.clear();
        self.admin = Writes::default();
        self.acts.give_up_writes();
    }

    /// The URL of a new version (<https://hl7.org/fhir/R4/http.html#create>).
    #[must_use]
    pub fn location(&self, new: &NewContent<'_>, mark: VersionMark) -> String {
        let (base, kind) = (&self.context.base, new.resource.resource_type());
        format!("{base}/{kind}/{}/_history/{}", new.id, mark.number)
    }
}

/// Whether records of a type can be a patient's.
pub(crate) fn of_patients(resource_type: &ResourceType) -> bool {
    let name = resource_type.as_str();
    matches!(name, "Patient" | "Binary")
        || Definition::of(name).is_some_and(|it| !it.compartment.is_empty())
}

/// The caller as far as its home believes the token. The home is the last side.
fn believed(context: &Context, sides: &[Side]) -> Option<Arc<Caller>> {
    let registered = &sides.last()?.in_force.registered;
    registered.believed(context.app.registered_only, &context.caller)
}

/// Looks at what a request could do before it does anything; no decision comes of it.
pub(crate) fn beforehand<T>(
    context: &Context,
    interaction: &AuditInteraction,
    look: impl FnOnce(&Exchange<'_>) -> T,
) -> T {
    look(&Exchange::begin(context, interaction, Spent::default()))
}

/// Runs an interaction until its outcome, good or bad, is committed with its
/// audit, and only then gives the outcome.
///
/// # Errors
/// The interaction's own failure once it is audited; unavailable when the audit
/// cannot be written; conflict when others keep writing the same record.
pub async fn run<T>(
    context: &Context,
    interaction: AuditInteraction,
    attempt: impl AsyncFn(&mut Exchange<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (mut moved, mut taken, mut spent) = (0, 0, Spent::default());
    loop {
        let mut exchange = Exchange::begin(context, &interaction, spent);
        let outcome = match exchange.client_counts {
            true => attempt(&mut exchange).await,
            false => Err(registered::refusal()),
        };
        spent = exchange.spent.again();
        match commit::commit(exchange, outcome.as_ref().err()).await {
            Ok(()) => {
                note_denial(context, &outcome);
                return outcome;
            }
            Err(CommitError::Store(store::Error::EpochMoved)) if moved < EPOCH_ATTEMPTS => {
                moved += 1;
                context.facility.refresh().await?;
                if let Some(home) = &context.home {
                    home.refresh().await?;
                }
            }
            Err(CommitError::Store(
                store::Error::VersionTaken | store::Error::AnswerKept | store::Error::Taken(_),
            )) if taken < VERSION_ATTEMPTS => {
                taken += 1;
            }
            Err(CommitError::Store(
                store::Error::VersionTaken | store::Error::AnswerKept | store::Error::Taken(_),
            )) => {
                return Err(Failure::overtaken());
            }
            Err(CommitError::Store(error)) => return Err(Failure::uncommitted(error)),
            Err(CommitError::Audit(failure)) => return Err(Failure::unavailable(failure)),
        }
    }
}

/// A denial was audited: it counts against the budgets of user and client. What is hidden and
/// what is absent count alike.
fn note_denial<T>(context: &Context, outcome: &Result<T, Failure>) {
    if outcome.as_ref().is_err_and(Failure::is_denial) {
        context.app.throttle.denied(&context.caller);
    }
}
