//! Changes of version 0.1, which stated nothing and sealed no decision.

use super::{
    open_change::{DecisionContent, SEALED_ID},
    person::Person,
};
use crate::{
    facility::{
        Facility,
        own::Own,
        own_seal::{Envelope, OwnContent, OwnPlace, OwnSeal},
        registration::Administrator,
        sealed_json,
        statement::{self, Said},
    },
    failure::Failure,
};
use std::collections::BTreeMap;
use store::{DecidedChange, FacilityId, NewStatement, SealedDecision, StatementKind, Tx};

/// What is added to the changes of a facility.
#[derive(Default)]
pub(crate) struct OldChanges {
    statements: Vec<NewStatement>,
    decisions: Vec<(model::Tag, SealedDecision)>,
}

/// States changes, oldest first, and seals their decisions. `people` are those who were
/// ever registered: rows name a decider by the tag alone.
///
/// # Errors
/// When a change does not open, or sealing fails.
pub(crate) async fn state(
    facility: &Facility,
    own: &OwnSeal<'_>,
    changes: &[DecidedChange],
    people: &[Administrator],
) -> Result<OldChanges, Failure> {
    let people: BTreeMap<_, _> = people
        .iter()
        .map(|person| (own.tags.user_tag(&person.issuer, &person.subject), person))
        .collect();
    let (mut old, mut decided) = (OldChanges::default(), 0_u32);
    for (number, (change, decision)) in (1..).zip(changes) {
        let sealed = Envelope {
            data_key: change.data_key,
            bytes: &change.envelope,
        };
        let place = OwnPlace::only(Own::Change, change.id, change.created);
        facility.open_own(&place, sealed).await?;
        let said = Said::entry(change.id, 1, &change.envelope);
        let kind = StatementKind::Change;
        old.statements
            .push(statement::seal(own, kind, number, change.created, &said)?);
        let Some(decision) = decision else { continue };
        let decider = people.get(&decision.decider);
        let content = DecisionContent {
            decided: decision.decided.as_str().to_owned(),
            decider: decider.map(|administrator| Person::registered(administrator)),
        };
        let sealed = own.seal(
            &OwnPlace::only(Own::Decision, change.id, decision.created),
            OwnContent {
                id: SEALED_ID,
                bytes: &sealed_json::bytes(&content)?,
            },
        )?;
        decided = decided.saturating_add(1);
        let said = Said::entry(change.id, 1, &sealed.envelope);
        let kind = StatementKind::Decision;
        old.statements.push(statement::seal(
            own,
            kind,
            decided,
            decision.created,
            &said,
        )?);
        let sealed = SealedDecision {
            data_key: own.key.id,
            envelope: sealed.envelope,
        };
        old.decisions.push((change.id, sealed));
    }
    Ok(old)
}

impl OldChanges {
    /// Adds it.
    ///
    /// # Errors
    /// `Taken` when it was added before.
    pub(crate) fn insert(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error> {
        for (change, sealed) in &self.decisions {
            tx.changes().seal_decision(facility, *change, sealed)?;
        }
        for statement in &self.statements {
            tx.statements().insert(facility, statement)?;
        }
        Ok(())
    }
}
