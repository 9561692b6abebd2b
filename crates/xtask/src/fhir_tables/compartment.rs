//! The patient compartment: the parameters by which a type belongs to it.

use super::definitions::Structure;
use std::{collections::BTreeMap, fmt::Write as _};

/// Beyond HL7's definition, in force since 0.1.0: a Task is sealed under the patient
/// it is done for.
const TASK: [&str; 2] = ["patient", "focus"];

pub struct Compartment(BTreeMap<String, Vec<String>>);

impl Compartment {
    /// Finds the CompartmentDefinition of Patient.
    pub fn new(structures: &[Structure]) -> Result<Self, String> {
        let of_patient = structures.iter().find(|one| {
            one.resource_type == "CompartmentDefinition"
                && one.code.as_ref().and_then(|code| code.as_str()) == Some("Patient")
        });
        let members = of_patient
            .and_then(|one| one.resource.as_ref())
            .and_then(|members| members.as_array())
            .ok_or("the patient compartment is not defined")?;
        let mut parameters = BTreeMap::new();
        for member in members {
            let name = member
                .get("code")
                .and_then(|code| code.as_str())
                .unwrap_or_default();
            let own = member.get("param").and_then(|own| own.as_array());
            let own = own.into_iter().flatten().filter_map(|one| one.as_str());
            // `{def}` stands for the patient itself, not for an element.
            let own = own
                .filter(|one| *one != "{def}")
                .map(str::to_owned)
                .collect();
            parameters.insert(name.to_owned(), own);
        }
        parameters.insert("Task".to_owned(), TASK.map(str::to_owned).to_vec());
        Ok(Self(parameters))
    }

    /// Writes the line of a type that belongs to it.
    pub fn write(&self, of: &str, text: &mut String) {
        let own = self.0.get(of).map(Vec::as_slice).unwrap_or_default();
        if !own.is_empty() {
            let _ = writeln!(text, " @{}", own.join(" "));
        }
    }
}
