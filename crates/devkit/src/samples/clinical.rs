//! Encounter, Condition, MedicationRequest and Consent.

use super::{
    bundle::{coding, concept, hl7, reference},
    catalogue::{Disorder, ICD10, LOINC, RXNORM, SNOMED},
    dice::Dice,
    facility::Site,
    json::{Json, integer, list, object},
};
use time::Date;

/// When a patient was seen, and the Encounter's temporary name.
pub(crate) struct Visit {
    pub(crate) urn: String,
    pub(crate) date: Date,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
}

impl Visit {
    /// A dateTime some minutes into the visit (fewer than 60).
    pub(crate) fn at(&self, minutes: i64) -> String {
        let minute = self.minute + minutes;
        format!(
            "{}T{:02}:{:02}:00Z",
            self.date,
            self.hour + minute / 60,
            minute % 60
        )
    }
}

/// Code of v3-ActCode and its display; type in SNOMED CT and its display.
const KINDS: &[[&str; 4]] = &[
    ["AMB", "ambulatory", "185349003", "Encounter for check up"],
    ["AMB", "ambulatory", "185345009", "Encounter for symptom"],
    ["AMB", "ambulatory", "390906007", "Follow-up encounter"],
    ["EMER", "emergency", "50849002", "Emergency room admission"],
];

pub(crate) fn encounter(dice: &Dice, site: &Site, patient: &str, visit: &Visit) -> Json {
    let [class, class_display, kind, kind_display] = dice.pick(KINDS).copied().unwrap_or_default();
    let act = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    object([
        ("status", "finished".into()),
        ("class", coding(act, class, class_display)),
        ("type", list([concept(SNOMED, kind, kind_display)])),
        ("subject", reference(patient)),
        (
            "participant",
            list([object([("individual", site.practitioner(dice))])]),
        ),
        (
            "period",
            object([
                ("start", visit.at(0).into()),
                ("end", visit.at(dice.between(15, 55)).into()),
            ]),
        ),
        ("serviceProvider", site.organization()),
    ])
}

pub(crate) fn condition(dice: &Dice, patient: &str, visit: &Visit, disorder: &Disorder) -> Json {
    let is_over = !disorder.chronic && !dice.once_in(4);
    let (status, display) = if is_over {
        ("resolved", "Resolved")
    } else {
        ("active", "Active")
    };
    let code = object([
        (
            "coding",
            list([
                coding(SNOMED, disorder.snomed, disorder.display),
                coding(ICD10, disorder.icd10, disorder.icd10_display),
            ]),
        ),
        ("text", disorder.display.into()),
    ]);
    let condition = object([
        ("clinicalStatus", hl7("condition-clinical", status, display)),
        (
            "verificationStatus",
            hl7("condition-ver-status", "confirmed", "Confirmed"),
        ),
        (
            "category",
            list([hl7(
                "condition-category",
                "encounter-diagnosis",
                "Encounter Diagnosis",
            )]),
        ),
        ("code", code),
        ("subject", reference(patient)),
        ("encounter", reference(&visit.urn)),
        ("onsetDateTime", visit.date.to_string().into()),
    ]);
    let condition = if is_over {
        let end = visit.date + time::Duration::days(dice.between(5, 20));
        condition.with("abatementDateTime", end.to_string())
    } else {
        condition
    };
    condition.with("recordedDate", visit.at(10))
}

pub(crate) fn medication_request(
    dice: &Dice,
    site: &Site,
    patient: &str,
    visit: &Visit,
    disorder: &Disorder,
    condition: &str,
) -> Json {
    let medication = &disorder.medication;
    let status = if disorder.chronic {
        "active"
    } else {
        "completed"
    };
    let repeat = object([
        ("frequency", integer(medication.frequency)),
        ("period", Json::Number("1.0".to_owned())),
        ("periodUnit", "d".into()),
    ]);
    object([
        ("status", status.into()),
        ("intent", "order".into()),
        (
            "medicationCodeableConcept",
            concept(RXNORM, medication.rxnorm, medication.display),
        ),
        ("subject", reference(patient)),
        ("encounter", reference(&visit.urn)),
        ("authoredOn", visit.at(12).into()),
        ("requester", site.practitioner(dice)),
        ("reasonReference", list([reference(condition)])),
        (
            "dosageInstruction",
            list([object([
                ("sequence", integer(1)),
                ("text", medication.dosage.into()),
                ("timing", object([("repeat", repeat)])),
            ])]),
        ),
    ])
}

/// The patient agrees to the use of the record for treatment; one in four
/// forbids its use for research.
pub(crate) fn consent(dice: &Dice, site: &Site, patient: &str, given: Date) -> Json {
    let reason = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
    let provision = object([
        ("type", "permit".into()),
        ("period", object([("start", given.to_string().into())])),
        ("purpose", list([coding(reason, "TREAT", "treatment")])),
    ]);
    let provision = if dice.once_in(4) {
        provision.with(
            "provision",
            list([object([
                ("type", "deny".into()),
                (
                    "purpose",
                    list([coding(reason, "HRESCH", "healthcare research")]),
                ),
            ])]),
        )
    } else {
        provision
    };
    object([
        ("status", "active".into()),
        (
            "scope",
            hl7("consentscope", "patient-privacy", "Privacy Consent"),
        ),
        (
            "category",
            list([concept(LOINC, "59284-0", "Consent Document")]),
        ),
        ("patient", reference(patient)),
        ("dateTime", given.to_string().into()),
        ("performer", list([reference(patient)])),
        ("organization", list([site.organization()])),
        ("policyRule", hl7("v3-ActCode", "OPTIN", "opt-in")),
        ("provision", provision),
    ])
}
