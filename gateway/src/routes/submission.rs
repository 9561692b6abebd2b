//! A change of one record as it was sent.

use crate::{
    context::Context,
    failure::Failure,
    http::{
        body::{self, Body},
        negotiation::PatchForm,
        precondition::Preconditions,
    },
    idempotency::{self, Answered, Key, Once},
    interaction::{
        change::Changing,
        content,
        kinds::{Change, Place, Row, Submitted, Verb},
    },
    record::assigned_id::assigned_id,
};
use fhir::{Resource, bundle::EntryUrl, patch};

/// What was sent, with its line of the table.
pub(super) struct Submission {
    pub(super) row: &'static Row,
    pub(super) change: Change,
    pub(super) url: EntryUrl,
    pub(super) preconditions: Preconditions,
    pub(super) key: Option<Key>,
    pub(super) body: Option<Body>,
}

impl Submission {
    /// Makes the change, once if it has a key.
    ///
    /// # Errors
    /// Invalid for a body that cannot be read; those of the change.
    pub(super) async fn make(&self, context: &Context) -> Result<Answered, Failure> {
        let resource = self.resource(context)?;
        let may_be_new = matches!(self.row.verb, Verb::Post | Verb::Put);
        let is_new = self.row.place == Place::Type && may_be_new;
        let assigned = is_new.then(|| assigned_id(&*context.app.random));
        let assigned = assigned.transpose()?;
        let sent = Submitted {
            url: &self.url,
            resource: resource.as_ref(),
            assigned: assigned.as_ref(),
            preconditions: &self.preconditions,
            chosen: None,
        };
        let bytes = self.body.as_deref().unwrap_or_default();
        let key = self.key.as_ref();
        let once = key.map(|key| Once::of(key, context, bytes));
        let changing = Changing {
            change: self.change,
            sent,
        };
        idempotency::run(context, self.row.interaction(), once.as_ref(), &changing).await
    }

    /// The resource, once it is checked by itself; of a patch, what carries it.
    fn resource(&self, context: &Context) -> Result<Option<Resource>, Failure> {
        let Some(bytes) = &self.body else {
            return Ok(None);
        };
        if bytes.patch() == Some(PatchForm::Json) {
            return Ok(Some(patch::carried(bytes)?));
        }
        let value = body::parse(&context.app, bytes)?;
        if bytes.patch() == Some(PatchForm::FhirPath) {
            return Ok(Some(Resource::from_value(value)?));
        }
        let mut resource = if self.row.verb == Verb::Post {
            Resource::from_new_value(value)?
        } else {
            Resource::from_value(value)?
        };
        let kind = self.url.resource_type();
        let kind = kind.ok_or_else(|| Failure::fault("a change of no type"))?;
        content::check(context, &mut resource, kind)?;
        Ok(Some(resource))
    }
}
