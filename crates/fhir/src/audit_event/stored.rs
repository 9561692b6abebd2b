//! A stored record, of whichever renderer: its events as they were hashed.

use super::{
    events_1, reader::Reader, record::AuditRecord, record_1, record_error::RecordError,
    record_json, render_2,
};
use crate::json;
use model::{Digest, LogicalId, Tag};

/// An audit record as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord(Form);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    First(record_1::Record),
    Second(AuditRecord),
}

/// What the salt of an event is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventName<'r> {
    /// The patient concerned; zeros for none.
    pub patient: Tag,
    /// The interaction; `None` in records of renderer 1, whose salts do not have it.
    pub interaction: Option<&'r str>,
}

impl From<AuditRecord> for StoredRecord {
    fn from(record: AuditRecord) -> Self {
        Self(Form::Second(record))
    }
}

impl StoredRecord {
    /// Reads the bytes that were sealed. `tag_of` gives the tag of a Patient by its id.
    ///
    /// # Errors
    /// When they are no audit record, or one of a later renderer.
    pub fn parse(bytes: &[u8], tag_of: impl Fn(&LogicalId) -> Tag) -> Result<Self, RecordError> {
        let mut value = json::parse(bytes).map_err(|_| RecordError::Malformed("record"))?;
        let mut record = Reader::of(&mut value, "record")?;
        match record.number("render")? {
            Some(1) => record_1::Record::read(record).map(Form::First),
            Some(record_json::RENDERER) => AuditRecord::read(record, &tag_of).map(Form::Second),
            other => return Err(RecordError::UnknownRenderer(other.unwrap_or(0))),
        }
        .map(Self)
    }

    /// The record's id.
    #[must_use]
    pub const fn id(&self) -> &LogicalId {
        match &self.0 {
            Form::First(record) => &record.id,
            Form::Second(record) => &record.facts().id,
        }
    }

    /// The renderer of its events.
    #[must_use]
    pub const fn renderer(&self) -> u64 {
        match &self.0 {
            Form::First(_) => 1,
            Form::Second(_) => record_json::RENDERER,
        }
    }

    /// The number of events, at least one.
    #[must_use]
    pub fn event_count(&self) -> usize {
        match &self.0 {
            Form::First(record) => record.event_count(),
            Form::Second(record) => record.events().len(),
        }
    }

    /// The number of query texts.
    #[must_use]
    pub fn query_count(&self) -> usize {
        match &self.0 {
            Form::First(record) => usize::from(record.has_query),
            Form::Second(record) => record.queries(),
        }
    }

    /// What the salt of event `index` is made from.
    #[must_use]
    pub fn event_name(&self, index: usize) -> Option<EventName<'_>> {
        match &self.0 {
            Form::First(record) => record.event_tag(index).map(|patient| EventName {
                patient,
                interaction: None,
            }),
            Form::Second(record) => record.events().get(index).map(|event| EventName {
                patient: event
                    .patient
                    .as_ref()
                    .map_or(Tag::ZERO, |patient| patient.tag),
                interaction: Some(event.interaction.as_str()),
            }),
        }
    }

    /// The canonical bytes of event `index`, as they were hashed, with the digests of
    /// the record's query texts in order.
    ///
    /// # Errors
    /// When there is no such event, or the digests do not fit the record.
    pub fn event(&self, index: usize, queries: &[Digest]) -> Result<Vec<u8>, RecordError> {
        self.check_digests(queries)?;
        match &self.0 {
            Form::First(record) => events_1::event(record, index, queries.first().copied()),
            Form::Second(record) => {
                let count = record.events().len();
                let event = record.events().get(index);
                let event = event.ok_or(RecordError::NoSuchEvent { index, count })?;
                Ok(render_2::event(record, index, event, queries))
            }
        }
    }

    /// The canonical bytes of all events, in order.
    ///
    /// # Errors
    /// When the digests do not fit the record.
    pub fn events(&self, queries: &[Digest]) -> Result<Vec<Vec<u8>>, RecordError> {
        self.each_event(queries).map(Iterator::collect)
    }

    /// The same, each made when it is asked for: all of them are several kilobytes for each
    /// patient concerned.
    ///
    /// # Errors
    /// When the digests do not fit the record.
    pub fn each_event<'r>(
        &'r self,
        queries: &'r [Digest],
    ) -> Result<Box<dyn Iterator<Item = Vec<u8>> + 'r>, RecordError> {
        self.check_digests(queries)?;
        Ok(match &self.0 {
            Form::First(record) => {
                Box::new(events_1::each_event(record, queries.first().copied())?)
            }
            Form::Second(record) => {
                let events = record.events().iter().enumerate();
                let render = move |(index, event)| render_2::event(record, index, event, queries);
                Box::new(events.map(render))
            }
        })
    }

    fn check_digests(&self, queries: &[Digest]) -> Result<(), RecordError> {
        if queries.len() == self.query_count() {
            Ok(())
        } else {
            Err(RecordError::QueryDigests)
        }
    }
}
