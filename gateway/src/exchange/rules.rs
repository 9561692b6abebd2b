//! The rules that a request is decided by, and the one function that decides: for FHIR,
//! `/admin` and `/log` alike. It counts denials, so that the alert on them sees each.

use crate::{
    app::App,
    context::Context,
    exchange::facts::Facts,
    facility::{
        Facility,
        registered::{self, Registered},
        side::Side,
    },
    failure::Failure,
};
use model::{EpochRead, FacilityName, ResourceType, Tag};
use policies::{Action, Authorizer, Caller, Decision, DecisionLog, Permit, Question, Target};
use std::{cell::RefCell, collections::BTreeMap, sync::Arc};
use store::{FacilityId, Reader};

/// What is in force of the facilities that a request touches, and what was decided by it.
pub(crate) struct Rules {
    /// The facility at whose base the request is made, and after it the caller's own when
    /// that is another.
    sides: Vec<Side>,
    authorizer: Authorizer,
    caller: Arc<Caller>,
    /// Whether the caller's client is registered, where that is required.
    client_counts: bool,
    own_patient: Option<Tag>,
    decisions: DecisionLog,
    /// Whether no subject of a type stops the caller from an action, for each that was asked.
    pub(super) reach: RefCell<BTreeMap<(Action, ResourceType), bool>>,
}

impl Rules {
    /// The rules as this process has them. The transaction of the request compares their
    /// epochs.
    pub(crate) fn of(context: &Context) -> Self {
        // Ids are a facility's own: at another's base the token's patient is none.
        let own_patient = match (&context.home, &context.caller.patient) {
            (None, Some(id)) => Some(context.facility.tags.record_tag("Patient", id.as_str())),
            _ => None,
        };
        Self::about(context, own_patient)
    }

    /// The rules in force now, for what no transaction follows that would notice rules of
    /// yesterday. They are asked about nobody's own patient.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) async fn fresh(context: &Context) -> Result<Self, Failure> {
        for facility in facilities(context) {
            let held = facility.in_force().epoch;
            if epoch(&context.app, facility.id).await? != Some(held) {
                facility.refresh().await?;
            }
        }
        Ok(Self::about(context, None))
    }

    fn about(context: &Context, own_patient: Option<Tag>) -> Self {
        let sides: Vec<Side> = facilities(context).map(Side::of).collect();
        let home = sides.last().map(|side| &side.in_force.registered);
        let only = context.app.registered_only;
        let believed = home.and_then(|home| home.believed(only, &context.caller));
        let client_counts = believed.is_some();
        let caller = believed.unwrap_or_else(|| Arc::clone(&context.caller));
        let compiled = sides.iter().filter_map(|side| {
            let compiled = side.in_force.rules.as_ref()?;
            Some((side.facility.name.clone(), Arc::clone(compiled)))
        });
        let sharing = sides.iter().map(|side| {
            let listed = side.in_force.registered.lists_for_sharing();
            (side.facility.name.clone(), listed)
        });
        Self {
            authorizer: Authorizer::new(compiled).sharing(sharing),
            decisions: DecisionLog::new((*caller).clone(), own_patient),
            sides,
            caller,
            client_counts,
            own_patient,
            reach: RefCell::default(),
        }
    }

    /// Decides over what no transaction and no audit follows.
    pub(crate) fn allows(&mut self, app: &App, action: Action, target: &Target) -> bool {
        self.decide(app, action, &Facts::of(target)).is_some()
    }

    /// Decides: for every facility concerned, over facts that were gathered before.
    pub(super) fn decide(
        &mut self,
        app: &App,
        action: Action,
        facts: &Facts<'_>,
    ) -> Option<Permit> {
        let Facts { target, consents } = facts;
        let decided = self
            .decisions
            .decide(&self.authorizer, action, target, consents);
        match decided {
            Decision::Permit(permit) => Some(permit),
            Decision::Denied(_) => {
                app.counters.denied();
                None
            }
        }
    }

    /// Whether a question would be permitted; asked beforehand, so that it is no decision
    /// and stands in no audit.
    pub(super) fn would(&self, action: Action, target: &Target) -> bool {
        let Facts { target, consents } = Facts::of(target);
        self.authorizer.permits(&Question {
            caller: &self.caller,
            own_patient: self.own_patient,
            action,
            target,
            consents: &consents,
        })
    }

    /// Refuses a caller whose client does not count at home.
    ///
    /// # Errors
    /// Forbidden.
    pub(crate) fn require_client(&self) -> Result<(), Failure> {
        if self.client_counts {
            return Ok(());
        }
        Err(registered::refusal())
    }

    /// The caller minus unregistered roles.
    pub(super) const fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// The tag of the token's patient, at home.
    pub(super) const fn own_patient(&self) -> Option<Tag> {
        self.own_patient
    }

    pub(super) fn sides(&self) -> &[Side] {
        &self.sides
    }

    /// The epochs that the decisions rest on, each with its facility.
    pub(super) fn epochs(&self) -> Vec<(FacilityId, EpochRead)> {
        let sides = self.sides.iter();
        sides
            .map(|side| (side.facility.id, side.in_force.epoch))
            .collect()
    }

    /// Who is registered at a facility concerned.
    pub(super) fn registered_at(&self, name: &FacilityName) -> Option<&Registered> {
        let side = self.sides.iter().find(|side| side.facility.name == *name)?;
        Some(&side.in_force.registered)
    }

    /// What was decided, as the audit stores it.
    ///
    /// # Errors
    /// A fault when they cannot be written as JSON.
    pub(super) fn decisions(&self) -> Result<Vec<u8>, Failure> {
        self.decisions.to_json().map_err(Failure::fault)
    }
}

fn facilities(context: &Context) -> impl Iterator<Item = &Arc<Facility>> {
    [Some(&context.facility), context.home.as_ref()]
        .into_iter()
        .flatten()
}

async fn epoch(app: &App, id: FacilityId) -> Result<Option<EpochRead>, Failure> {
    let read = move |reader: &mut Reader| reader.epochs().read(id, &[Tag::ZERO]);
    let epochs = app.store.read("epoch", read).await?;
    Ok(epochs.into_iter().next())
}
