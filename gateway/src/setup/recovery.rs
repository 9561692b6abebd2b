//! First administrators for a facility that has none: one made before there were any,
//! or one that lost them all. Whoever runs it holds the root keys, so it asks nobody,
//! but it leaves an audit record in the facility's log.

use super::policy_set;
use crate::{
    acts::administered,
    exchange::Side,
    facility::{Facility, InForce},
    failure::Failure,
    registration::{Administrator, Client, Registrant},
    sealed_audit::{Clear, seal_record},
};
use fhir::{
    audit_event::{AuditAct, AuditAgent, AuditFacts, AuditOutcome, AuditRecord},
    json,
};
use model::{AuditInteraction, Clock, FacilityName, Random, Scope, Tag, Timestamp, new_uuid};
use policies::{Action, PolicySource};
use sealing::Kms;
use std::sync::Arc;
use store::{PolicySet, Registration, Store};

/// Who the audit says it was.
const OPERATOR: &str = "chartseal init";

/// What was missing and has been added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Recovered {
    /// The administrators.
    pub administrators: bool,
    /// The clients.
    pub clients: bool,
    /// The shipped policy set, in the place of one that knows no administration.
    pub policies: bool,
}

/// Registers administrators where there are none, clients where there are none, and
/// puts the shipped policy set in force where the present one knows no administration.
///
/// # Errors
/// When the facility cannot be opened, or the database refuses.
pub async fn recover(
    name: &FacilityName,
    (administrators, clients): (&[Administrator], &[Client]),
    store: &Store,
    kms: &dyn Kms,
    (clock, random): (&Arc<dyn Clock>, &Arc<dyn Random>),
) -> Result<Recovered, Failure> {
    let facility = Arc::new(Facility::open(name, store, kms, clock, random).await?);
    let in_force = facility.in_force();
    let registered = &in_force.registered;
    let mut new = Vec::new();
    if registered.administrators().next().is_none() {
        new.extend(
            administrators
                .iter()
                .cloned()
                .map(Registrant::Administrator),
        );
    }
    if registered.clients().next().is_none() {
        new.extend(clients.iter().cloned().map(Registrant::Client));
    }
    let now = clock.now();
    let policies = later_policies(&in_force, now, new.is_empty())?;
    let recovered = Recovered {
        administrators: new
            .iter()
            .any(|it| matches!(it, Registrant::Administrator(_))),
        clients: new.iter().any(|it| matches!(it, Registrant::Client(_))),
        policies: policies.is_some(),
    };
    if recovered == Recovered::default() {
        return Ok(recovered);
    }
    let rows = seal(&facility, &in_force, &new, now, &**random).await?;
    let side = Side {
        facility: Arc::clone(&facility),
        in_force: Arc::clone(&in_force),
    };
    let record = describe(&facility, &new, now, &**random)?;
    let audit = seal_record(&**random, &side, record, Clear::default()).await?;
    let (id, epoch) = (facility.id, in_force.epoch);
    store
        .run_tx("recovery", &[], move |tx| {
            tx.epochs().require(id, &[epoch])?;
            for row in &rows {
                tx.registrations().insert(id, row)?;
            }
            if let Some(set) = &policies {
                tx.policies().insert(id, set)?;
            }
            tx.epochs().bump(id, Tag::ZERO)?;
            tx.audits().insert(id, &audit)
        })
        .await?;
    Ok(recovered)
}

/// The shipped set as the next one, when it is needed for what is registered.
fn later_policies(
    in_force: &InForce,
    now: Timestamp,
    nobody: bool,
) -> Result<Option<PolicySet>, Failure> {
    if nobody || in_force.rules.knows(Action::Administer) {
        return Ok(None);
    }
    let number = in_force.rules.number().saturating_add(1);
    policy_set(number, &PolicySource::shipped(), now).map(Some)
}

async fn seal(
    facility: &Facility,
    in_force: &InForce,
    new: &[Registrant],
    now: Timestamp,
    random: &dyn Random,
) -> Result<Vec<Registration>, Failure> {
    let key = facility.keys.for_scope(Scope::Facility).await?;
    new.iter()
        .map(|registrant| {
            registrant.check()?;
            let tag = registrant.tag(&facility.tags);
            let number = in_force.registered.next_number(registrant.kind(), tag);
            let place = (&facility.name, &facility.tags, &key);
            registrant.seal(place, (number, true), now, random)
        })
        .collect()
}

fn describe(
    facility: &Facility,
    new: &[Registrant],
    now: Timestamp,
    random: &dyn Random,
) -> Result<AuditRecord, Failure> {
    let interaction = AuditInteraction::admin("init");
    let touched = |registrant: &Registrant| administered(&registrant.reference());
    Ok(AuditRecord::new(AuditFacts {
        id: new_uuid(random)?.parse().map_err(Failure::fault)?,
        time: now,
        facility: facility.name.clone(),
        base: format!("urn:chartseal:{}", facility.name),
        server: None,
        interaction: interaction.clone(),
        agent: Some(AuditAgent {
            issuer: "urn:chartseal:operator".to_owned(),
            subject: OPERATOR.to_owned(),
            client: OPERATOR.to_owned(),
            name: None,
            roles: Vec::new(),
            address: None,
            home: None,
        }),
        purpose: None,
        request_id: None,
        acts: vec![AuditAct {
            interaction,
            did: Some(AuditInteraction::restful("create")),
            outcome: AuditOutcome::Success,
            outcome_text: None,
            query: None,
            touched: new.iter().map(touched).collect(),
        }],
        decision: json::Value::from([("operator", json::Value::from(OPERATOR))]).to_canonical(),
    }))
}
