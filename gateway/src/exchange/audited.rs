//! The audit of a request: one record in the log of every facility that it touches.

use crate::{
    audit::{
        draft::{Draft, Requested},
        part::Audits,
        sealed::Clear,
    },
    exchange::{Exchange, acts::outcome_of},
    facility::side::Side,
    failure::Failure,
};
use fhir::audit_event::{AuditAct, AuditAgent, AuditFacility, AuditOutcome};
use model::FacilityName;
use store::NewAudit;

/// What the events of a repetition say; nothing else of them differs.
const REPEATED: &str = "repeated";

/// Adds the audit of the request, as it ended, to its parts.
///
/// # Errors
/// When a record cannot be sealed.
pub(super) async fn add(
    exchange: &mut Exchange<'_>,
    failed: Option<&Failure>,
) -> Result<(), Failure> {
    let mut audits = Vec::with_capacity(exchange.rules.sides().len());
    for side in exchange.rules.sides() {
        audits.push((side.facility.id, record(exchange, side, failed).await?));
    }
    exchange.parts.change(|part| *part = Audits(audits));
    Ok(())
}

/// One facility's audit record of a request.
async fn record(
    exchange: &Exchange<'_>,
    side: &Side,
    failed: Option<&Failure>,
) -> Result<NewAudit, Failure> {
    let app = exchange.app();
    let ended = match failed {
        Some(failure) => Some(outcome_of(failure)),
        None if exchange.repeats => Some((AuditOutcome::Success, Some(REPEATED))),
        None => None,
    };
    let (acts, queries) = exchange.acts.recorded(ended);
    let draft = describe(exchange, side, acts)?;
    let (tags, caller) = (&side.facility.tags, exchange.caller());
    let clear = Clear {
        user: Some(tags.user_tag(&caller.issuer, &caller.subject)),
        client: Some(tags.client_tag(&caller.client)),
        queries: &queries,
    };
    draft.seal(&*app.random, side, clear).await
}

fn describe(
    exchange: &Exchange<'_>,
    side: &Side,
    mut acts: Vec<AuditAct>,
) -> Result<Draft, Failure> {
    let context = exchange.context;
    let caller = exchange.caller();
    let facility = &side.facility.name;
    let here = side.facility.id == context.facility.id;
    if !here {
        // Another facility's patients are none here: its records are named by
        // absolute URL, under no patient of this facility.
        for touched in acts.iter_mut().flat_map(|act| &mut act.touched) {
            touched.patients.clear();
        }
    }
    let named = |name: &FacilityName| AuditFacility {
        name: name.clone(),
        base: context.app.base_of(name, true),
        organisation: exchange.organisation_of(name),
    };
    let served = || AuditFacility {
        base: context.base.clone(),
        ..named(&context.facility.name)
    };
    Ok(Draft {
        time: exchange.at,
        base: if here {
            context.base.clone()
        } else {
            context.app.base_of(facility, true)
        },
        interaction: exchange.interaction.clone(),
        acts,
        decision: exchange.rules.decisions()?,
        agent: Some(AuditAgent {
            issuer: caller.issuer.clone(),
            subject: caller.subject.clone(),
            client: caller.client.clone(),
            name: caller.name.clone(),
            roles: caller
                .roles
                .iter()
                .map(|role| role.as_str().to_owned())
                .collect(),
            address: context.address.clone(),
            home: Some(named(&caller.facility)),
        }),
        request: Requested {
            server: (!here).then(served),
            purpose: caller.purpose.map(|purpose| purpose.code().to_owned()),
            id: Some(context.request_id.clone()),
        },
    })
}
