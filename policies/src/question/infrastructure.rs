//! Resource types that describe the house and not its patients: in no patient
//! compartment and without an element that names a patient in R4
//! (<https://hl7.org/fhir/R4/compartmentdefinition-patient.html>).
//! `Device` is left out on purpose: `Device.patient` names one.

use model::ResourceType;

const TYPES: [&str; 18] = [
    "CapabilityStatement",
    "CodeSystem",
    "ConceptMap",
    "Endpoint",
    "HealthcareService",
    "Location",
    "Medication",
    "MedicationKnowledge",
    "NamingSystem",
    "OperationDefinition",
    "Organization",
    "OrganizationAffiliation",
    "Practitioner",
    "PractitionerRole",
    "Questionnaire",
    "StructureDefinition",
    "Substance",
    "ValueSet",
];

/// Whether records of the type are infrastructure when they name no patient.
pub(crate) fn is_infrastructure(resource_type: &ResourceType) -> bool {
    TYPES.binary_search(&resource_type.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_holds_no_clinical_type() {
        assert!(TYPES.is_sorted());
        for clinical in ["Patient", "Observation", "Device", "Group", "AuditEvent"] {
            assert!(!is_infrastructure(&clinical.parse().unwrap()), "{clinical}");
        }
    }
}
