//! Elements beyond the patient compartment that can name a patient, so that erasing or
//! accounting for one misses nothing.

use std::sync::LazyLock;

/// How a record has to do with a patient that the element names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// The record is about the patient.
    About,
    /// The patient does something in it.
    Role,
    /// A reference to anything; the record is not about what it leads to.
    Other,
}

/// An element of a resource itself, outside of the compartment.
#[derive(Debug)]
pub struct PatientElement {
    /// The resource type.
    pub resource: &'static str,
    /// The element's name, without the `[x]` of a choice.
    pub element: &'static str,
    /// How the record has to do with the patient.
    pub tie: Tie,
    /// Why.
    pub reason: &'static str,
}

/// Every element of R4's resource types that can lead to a Patient and is not in the
/// patient compartment, sorted.
#[must_use]
pub fn patient_elements() -> &'static [PatientElement] {
    static ELEMENTS: LazyLock<Vec<PatientElement>> = LazyLock::new(|| {
        let lines = include_str!("patients.txt").lines();
        lines.filter_map(read).collect()
    });
    &ELEMENTS
}

fn read(line: &'static str) -> Option<PatientElement> {
    let mut words = line.splitn(3, ' ');
    let (resource, element) = words.next()?.split_once('.')?;
    let tie = match words.next()? {
        "about" => Tie::About,
        "role" => Tie::Role,
        "other" => Tie::Other,
        _ => return None,
    };
    Some(PatientElement {
        resource,
        element,
        tie,
        reason: words.next()?,
    })
}
