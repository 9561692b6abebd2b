//! The parameters of a search as cards answer them.

use super::{
    order::SortBy,
    read,
    wanted::{Asked, Wanted},
};
use crate::{
    failure::Failure,
    search::{
        parameter::{self, Reading, reference::RecordName},
        value::check_values,
    },
};
use cards::{ID, Known, known};
use index::ParameterNumber;
use model::{LogicalId, ResourceType};

const SORT: &str = "_sort";
/// Parameters of one `_sort`: each has a key of every match.
const MAX_SORTED_BY: usize = 8;

/// Which records a search within a patient looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Extent {
    /// Those that refer to the patient by `patient` or `subject`.
    #[default]
    Named,
    /// Those of the patient's compartment.
    Compartment,
    /// Those of the patient and of no single patient.
    Beside,
}

/// What a search asks of cards.
#[derive(Default)]
pub(crate) struct Within {
    pub(super) extent: Extent,
    /// Each must hold.
    pub(super) occurrences: Vec<Occurrence>,
    /// The patient that it is within.
    pub(super) patient: Option<LogicalId>,
    /// The order that was asked for, where it is not that of time.
    pub(super) sort: Vec<SortBy>,
    sort_text: Option<String>,
    /// Parameters that nothing but cards answers, `_sort` among them.
    beyond: Vec<String>,
}

/// One occurrence of a parameter.
pub(super) enum Occurrence {
    /// `_id`: one of these.
    Ids(Vec<LogicalId>),
    /// The values under a parameter.
    Values {
        number: ParameterNumber,
        wanted: Wanted,
    },
}

/// Whether records of a type are searched by a parameter of this name, by their cards.
pub(crate) fn knows(kind: &ResourceType, code: &str) -> bool {
    find(kind, code).is_some()
}

impl Within {
    /// Asks for the compartment of a patient
    /// (<https://hl7.org/fhir/R4/compartmentdefinition-patient.html>).
    pub(crate) fn compartment(patient: LogicalId) -> Self {
        Self {
            extent: Extent::Compartment,
            patient: Some(patient),
            ..Self::default()
        }
    }

    /// Asks for the records of a patient and of no single patient.
    pub(crate) fn beside(patient: LogicalId) -> Self {
        Self {
            extent: Extent::Beside,
            ..Self::compartment(patient)
        }
    }

    /// Leaves it open whether a record is in the compartment.
    pub(super) const fn name_only(&mut self) {
        self.extent = Extent::Named;
    }

    /// Takes a parameter if cards of the type answer it. What is read elsewhere too
    /// (`elsewhere`) is refused there.
    ///
    /// # Errors
    /// Invalid for a modifier or value that is not read.
    pub(crate) fn take(
        &mut self,
        kind: &ResourceType,
        (name, value): (&str, &str),
        reading: Reading<'_>,
        elsewhere: bool,
    ) -> Result<bool, Failure> {
        if name == ID {
            let ids = parameter::ids(value)?;
            self.occurrences.push(Occurrence::Ids(ids));
            self.check_values()?;
            return Ok(true);
        }
        let (code, modifier) = match name.split_once(':') {
            Some((code, modifier)) => (code, Some(modifier)),
            None => (name, None),
        };
        let Some(known) = find(kind, code) else {
            return Ok(false);
        };
        let wanted = match read::wanted(known, modifier, value, reading) {
            Ok(wanted) => wanted,
            Err(_) if elsewhere => return Ok(true),
            Err(failure) => return Err(failure),
        };
        if matches!(code, "patient" | "subject") && self.patient.is_none() {
            self.patient = one_patient(&wanted);
        }
        if !elsewhere {
            self.beyond.push(name.to_owned());
        }
        self.occurrences.push(Occurrence::Values {
            number: known.number,
            wanted,
        });
        self.check_values()?;
        Ok(true)
    }

    /// Takes `_sort` if it is by parameters of cards.
    pub(crate) fn take_sort(&mut self, kind: &ResourceType, value: &str) -> bool {
        if matches!(value, "_lastUpdated" | "-_lastUpdated") {
            return false;
        }
        if value.split(',').nth(MAX_SORTED_BY).is_some() {
            return false;
        }
        let by = value.split(',').map(|one| {
            let (code, descending) = match one.strip_prefix('-') {
                Some(code) => (code, true),
                None => (one, false),
            };
            let known = find(kind, code).filter(|known| known.components.is_empty())?;
            Some(SortBy::new(known.number, descending))
        });
        let Some(sort) = by.collect::<Option<Vec<_>>>() else {
            return false;
        };
        self.sort = sort;
        self.sort_text = Some(value.to_owned());
        self.beyond.push(SORT.to_owned());
        true
    }

    /// The patient that it is within.
    pub(crate) const fn patient(&self) -> Option<&LogicalId> {
        self.patient.as_ref()
    }

    /// Whether it took a parameter that nothing but cards answers.
    pub(crate) fn has(&self, name: &str) -> bool {
        name != SORT && self.beyond.iter().any(|own| own == name)
    }

    /// The order that was asked for, as it was.
    pub(crate) fn sort_text(&self) -> Option<&str> {
        self.sort_text.as_deref()
    }

    /// Refuses more values than one search may have, before more of them are read.
    fn check_values(&self) -> Result<(), Failure> {
        let values = self.occurrences.iter().map(Occurrence::values);
        check_values(values.sum())
    }

    /// Whether it can be answered by cards alone.
    pub(crate) const fn needs_cards(&self) -> bool {
        !matches!(self.extent, Extent::Named) || !self.beyond.is_empty()
    }
}

impl Occurrence {
    const fn values(&self) -> usize {
        match self {
            Self::Ids(ids) => ids.len(),
            Self::Values { wanted, .. } => wanted.values(),
        }
    }
}

fn find(kind: &ResourceType, code: &str) -> Option<&'static Known> {
    let mut all = known(kind.as_str()).iter();
    all.find(|known| known.parameter.code == code)
}

/// The patient, when one and nothing else is wanted.
fn one_patient(wanted: &Wanted) -> Option<LogicalId> {
    let Wanted::Any(asked) = wanted else {
        return None;
    };
    match asked.as_slice() {
        [Asked::Record(RecordName { kind, id })] if kind.as_str() == "Patient" => Some(id.clone()),
        _ => None,
    }
}
