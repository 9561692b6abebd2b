//! Steps go over all logs. What one log alone meets with must not hold up the others, and
//! is told all the same.

use crate::failure::StepError;
use model::FacilityName;

/// What the first log met with that a step left out.
#[derive(Debug, Default)]
pub(crate) struct LeftOut(Option<StepError>);

impl LeftOut {
    /// Takes note of it.
    ///
    /// # Errors
    /// With what concerns all logs: the database, the node or the service as a whole.
    pub(crate) fn note(
        &mut self,
        facility: &FacilityName,
        error: StepError,
    ) -> Result<(), StepError> {
        if !error.is_of_one_log() {
            return Err(error);
        }
        self.0.get_or_insert_with(|| error.of_log(facility));
        Ok(())
    }

    /// The same of a row, whose log may not be known.
    ///
    /// # Errors
    /// With what concerns all logs.
    pub(crate) fn note_row(&mut self, error: StepError) -> Result<(), StepError> {
        if !error.is_of_one_log() && !matches!(error, StepError::LeftOut { .. }) {
            return Err(error);
        }
        self.0.get_or_insert(error);
        Ok(())
    }

    /// The end of a step that did this much for the other logs.
    ///
    /// # Errors
    /// When a log was left out.
    pub(crate) fn end<T>(&self, done: T) -> Result<T, StepError> {
        self.0.clone().map_or(Ok(done), Err)
    }
}
