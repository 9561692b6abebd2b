//! What the operator does beside the gateway, by a command. Whoever runs it holds the
//! root keys, so it asks nobody, but it leaves an audit record in the facility's log.

use crate::{
    audit::{
        administered::{Did, administered},
        draft::{Draft, Requested},
        sealed::Clear,
    },
    facility::{Facility, side::Side},
    failure::Failure,
};
use fhir::{
    audit_event::{AuditAct, AuditAgent, AuditOutcome},
    json,
};
use model::{Interaction, Random, Timestamp};
use std::sync::Arc;
use store::NewAudit;

/// An act of the operator.
pub(crate) struct Act {
    /// What the audit calls it, after `admin:`.
    pub name: &'static str,
    /// The command.
    pub command: &'static str,
    /// What it was about, with what was done to it.
    pub touched: Vec<Touched>,
}

/// What an act was about.
pub(crate) struct Touched {
    /// Its path, as below `/admin`.
    pub path: String,
    pub did: Did,
}

/// The audit record of an act.
///
/// # Errors
/// When it cannot be sealed.
pub(crate) async fn audit(
    facility: &Arc<Facility>,
    act: &Act,
    at: Timestamp,
    random: &dyn Random,
) -> Result<NewAudit, Failure> {
    let side = Side::of(facility);
    let draft = describe(facility, act, at);
    draft.seal(random, &side, Clear::default()).await
}

fn describe(facility: &Facility, act: &Act, at: Timestamp) -> Draft {
    let interaction = Interaction::admin(act.name);
    // Each with what was done to it.
    let done = |touched: &Touched| AuditAct {
        interaction: interaction.clone(),
        did: Some(touched.did.into()),
        outcome: AuditOutcome::Success,
        outcome_text: None,
        query: None,
        touched: vec![administered(&touched.path)],
    };
    Draft {
        time: at,
        base: format!("urn:chartseal:{}", facility.name),
        acts: act.touched.iter().map(done).collect(),
        interaction: interaction.clone(),
        decision: json::Value::from([("operator", json::Value::from(act.command))]).to_canonical(),
        agent: Some(AuditAgent {
            issuer: "urn:chartseal:operator".to_owned(),
            subject: act.command.to_owned(),
            client: act.command.to_owned(),
            name: None,
            roles: Vec::new(),
            address: None,
            home: None,
        }),
        request: Requested::default(),
    }
}
