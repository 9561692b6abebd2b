//! From the acts of a request to its events: one for each patient and interaction.

use super::{
    audit_outcome::AuditOutcome,
    facts::{AuditAct, AuditPatient},
};
use model::{Interaction, LogicalId, Tag};
use std::collections::BTreeMap;

/// What one event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// The patient concerned.
    pub(super) patient: Option<AuditPatient>,
    /// What was done.
    pub(super) interaction: Interaction,
    /// The worst outcome of its acts.
    pub(super) outcome: AuditOutcome,
    /// The text of that outcome.
    pub(super) outcome_text: Option<String>,
    /// The numbers of its query texts, in order.
    pub(super) queries: Vec<u32>,
    /// Its records: index of the act, index of the record in the act.
    pub(super) touched: Vec<(usize, usize)>,
}

/// Puts the records of acts that are alike into the first of them. An act with a query
/// text stays by itself.
pub(super) fn joined(acts: Vec<AuditAct>) -> Vec<AuditAct> {
    let mut joined: Vec<AuditAct> = Vec::new();
    let mut known = BTreeMap::new();
    for mut act in acts {
        let name = (
            act.interaction.as_str().to_owned(),
            act.did.as_ref().map(|did| did.as_str().to_owned()),
            act.outcome,
            act.outcome_text.clone(),
            // An act that touched nothing leaves an event of its own.
            act.touched.is_empty(),
        );
        let before: Option<&mut AuditAct> = known.get(&name).and_then(|&at| joined.get_mut(at));
        match before {
            Some(first) if act.query.is_none() => first.touched.append(&mut act.touched),
            _ => {
                if act.query.is_none() {
                    known.insert(name, joined.len());
                }
                joined.push(act);
            }
        }
    }
    joined
}

/// The patients of all records touched, sorted by tag, none twice.
pub(super) fn patients_of(acts: &[AuditAct]) -> Vec<AuditPatient> {
    let touched = acts.iter().flat_map(|act| &act.touched);
    let all = touched.flat_map(|record| record.patients.iter().cloned());
    let by_tag: BTreeMap<Tag, LogicalId> = all.map(|patient| (patient.tag, patient.id)).collect();
    by_tag
        .into_iter()
        .map(|(tag, id)| AuditPatient { tag, id })
        .collect()
}

/// The events of acts. What is about no patient, and an act that touched nothing, is
/// an event of no patient.
pub(super) fn events_of(acts: &[AuditAct]) -> Vec<Event> {
    let mut events = BTreeMap::new();
    for (at, act) in acts.iter().enumerate() {
        if act.touched.is_empty() {
            event_for(&mut events, act, None);
        }
        for (index, touched) in act.touched.iter().enumerate() {
            if touched.patients.is_empty() {
                event_for(&mut events, act, None).touched.push((at, index));
            }
            for patient in &touched.patients {
                let event = event_for(&mut events, act, Some(patient));
                event.touched.push((at, index));
            }
        }
    }
    events.into_values().collect()
}

/// The event that an act belongs to as far as it concerns this patient.
fn event_for<'e>(
    events: &'e mut BTreeMap<(Option<Tag>, String), Event>,
    act: &AuditAct,
    patient: Option<&AuditPatient>,
) -> &'e mut Event {
    let name = (
        patient.map(|patient| patient.tag),
        act.interaction.as_str().to_owned(),
    );
    let event = events.entry(name).or_insert_with(|| Event {
        patient: patient.cloned(),
        interaction: act.interaction.clone(),
        outcome: act.outcome,
        outcome_text: act.outcome_text.clone(),
        queries: Vec::new(),
        touched: Vec::new(),
    });
    if act.outcome > event.outcome {
        event.outcome = act.outcome;
        event.outcome_text.clone_from(&act.outcome_text);
    }
    if let Some(query) = act.query
        && event.queries.last() != Some(&query)
    {
        event.queries.push(query);
    }
    event
}
