//! What the operator does beside the gateway, by a command. Whoever runs it holds the
//! root keys, so it asks nobody, but it leaves an audit record in the facility's log.

use crate::{
    audit::{
        administered,
        sealed::{Clear, seal_record},
    },
    facility::{Facility, side::Side},
    failure::Failure,
};
use fhir::{
    audit_event::{AuditAct, AuditAgent, AuditFacts, AuditOutcome, AuditRecord},
    json,
};
use model::{Interaction, Random, Timestamp, new_uuid};
use std::sync::Arc;
use store::NewAudit;

/// An act of the operator.
pub(super) struct Act {
    /// What the audit calls it, after `admin:`.
    pub name: &'static str,
    /// The command.
    pub command: &'static str,
    /// What it was about, with what was done to it.
    pub touched: Vec<(String, &'static str)>,
}

/// The audit record of an act.
///
/// # Errors
/// When it cannot be sealed.
pub(super) async fn audit(
    facility: &Arc<Facility>,
    act: &Act,
    at: Timestamp,
    random: &dyn Random,
) -> Result<NewAudit, Failure> {
    let side = Side::of(facility);
    let record = describe(facility, act, at, random)?;
    seal_record(random, &side, record, Clear::default()).await
}

fn describe(
    facility: &Facility,
    act: &Act,
    at: Timestamp,
    random: &dyn Random,
) -> Result<AuditRecord, Failure> {
    let interaction = Interaction::admin(act.name);
    // Each with what was done to it.
    let done = |(reference, did): &(String, &'static str)| AuditAct {
        interaction: interaction.clone(),
        did: Some(Interaction::stored(did)),
        outcome: AuditOutcome::Success,
        outcome_text: None,
        query: None,
        touched: vec![administered(reference)],
    };
    Ok(AuditRecord::new(AuditFacts {
        id: new_uuid(random)?.parse().map_err(Failure::fault)?,
        time: at,
        facility: facility.name.clone(),
        base: format!("urn:chartseal:{}", facility.name),
        server: None,
        interaction: interaction.clone(),
        agent: Some(AuditAgent {
            issuer: "urn:chartseal:operator".to_owned(),
            subject: act.command.to_owned(),
            client: act.command.to_owned(),
            name: None,
            roles: Vec::new(),
            address: None,
            home: None,
        }),
        purpose: None,
        request_id: None,
        acts: act.touched.iter().map(done).collect(),
        decision: json::Value::from([("operator", json::Value::from(act.command))]).to_canonical(),
    }))
}
