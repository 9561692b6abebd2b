//! Requests without a valid token, and those that were too many, audited in
//! aggregate, so that neither can grow the log.

use crate::{
    app::App,
    audit::{
        draft::{Draft, Requested},
        sealed::Clear,
    },
    facility::side::Side,
    failure::Failure,
};
use fhir::{
    IssueCode,
    audit_event::{AuditAct, AuditOutcome},
    json,
};
use model::Interaction;

/// Writes one audit record for each facility over all such requests since the last
/// time.
///
/// # Errors
/// When it cannot be written; the count is then kept for the next time.
pub async fn audit(app: &App) -> Result<(), Failure> {
    let refused = app.counters.take_unauthenticated();
    let throttled = app.counters.take_throttled();
    if refused == 0 && throttled == 0 {
        return Ok(());
    }
    let written = write(app, refused, throttled).await;
    if written.is_err() {
        app.counters.put_back_unauthenticated(refused);
        app.counters.put_back_throttled(throttled);
    }
    written
}

async fn write(app: &App, refused: u64, throttled: u64) -> Result<(), Failure> {
    let mut audits = Vec::new();
    for facility in app.facilities() {
        let side = Side::of(&facility);
        let interaction = Interaction::Unauthenticated;
        let draft = Draft {
            time: app.clock.now(),
            base: app.base_of(&facility.name, true),
            interaction: interaction.clone(),
            acts: vec![AuditAct {
                interaction,
                did: None,
                outcome: AuditOutcome::MinorFailure,
                outcome_text: Some(IssueCode::Login.as_str().to_owned()),
                query: None,
                touched: Vec::new(),
            }],
            decision: json::Value::from([
                ("refused", json::Value::from(refused)),
                ("throttled", json::Value::from(throttled)),
            ])
            .to_canonical(),
            agent: None,
            request: Requested::default(),
        };
        let sealed = draft.seal(&*app.random, &side, Clear::default()).await?;
        audits.push((facility.id, sealed));
    }
    app.store
        .run_tx("unauthenticated", &[], move |tx| {
            audits
                .iter()
                .try_for_each(|(facility, audit)| tx.audits().insert(*facility, audit))
        })
        .await?;
    Ok(())
}
