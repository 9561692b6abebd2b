//! The versions of records as a request sees them: what it has itself written is laid over
//! what is stored.

use crate::{
    exchange::Exchange,
    failure::Failure,
    record::{
        version::{self, Found},
        versions,
    },
};
use model::{LogicalId, ResourceType, Tag, VersionNumber};

impl Exchange<'_> {
    /// The current version of a record, opened and withheld. What this request
    /// itself has written counts.
    ///
    /// # Errors
    /// When it cannot be read or opened.
    pub async fn current(
        &self,
        resource_type: &ResourceType,
        id: &LogicalId,
    ) -> Result<Option<Found>, Failure> {
        let record = self.tag(resource_type, id);
        match self.current_row(resource_type, record).await? {
            Some(row) => self.open_row(row).await.map(Some),
            None => Ok(None),
        }
    }

    /// The row of the current version of a record.
    ///
    /// # Errors
    /// When it cannot be read, or the log knows a later one.
    pub async fn current_row(
        &self,
        resource_type: &ResourceType,
        record: Tag,
    ) -> Result<Option<store::Version>, Failure> {
        if let Some(written) = versions::current(self.written(), record) {
            return Ok(Some(written.clone()));
        }
        let facility = self.facility();
        let read = self.app().store.current_version(facility.id, record).await;
        read.map_err(|error| facility.refuse_read(resource_type, record, error))
    }

    /// Reads what may look at many rows. Those that are not long do it in turn, by user;
    /// of the long ones there are no more than may search.
    ///
    /// # Errors
    /// Those of `read`; throttled when too many requests of the user wait.
    pub(crate) async fn search<T: Send + 'static>(
        &self,
        name: &'static str,
        read: impl FnOnce(&mut store::Reader) -> Result<T, store::Error> + Send + 'static,
    ) -> Result<Result<T, store::Error>, Failure> {
        let (app, context) = (self.app(), self.context);
        let _place = if context.lane.is_serving() {
            Some(app.short_searches.take(&context.user()).await?)
        } else {
            None
        };
        Ok(app.store.search(name, read).await)
    }

    /// One version of a record, opened and withheld. What this request itself has
    /// written counts.
    ///
    /// # Errors
    /// When it cannot be read or opened.
    pub async fn version(
        &self,
        resource_type: &ResourceType,
        id: &LogicalId,
        number: VersionNumber,
    ) -> Result<Option<Found>, Failure> {
        let record = self.tag(resource_type, id);
        match self.version_row(resource_type, record, number).await? {
            Some(row) => self.open_row(row).await.map(Some),
            None => Ok(None),
        }
    }

    pub(crate) async fn version_row(
        &self,
        resource_type: &ResourceType,
        record: Tag,
        number: VersionNumber,
    ) -> Result<Option<store::Version>, Failure> {
        if let Some(written) = versions::version(self.written(), record, number) {
            return Ok(Some(written.clone()));
        }
        let facility = self.facility();
        let id = facility.id;
        let read = move |reader: &mut store::Reader| reader.versions().find(id, record, number);
        let read = self.app().store.read_by_key("one version", read).await;
        read.map_err(|error| facility.refuse_read(resource_type, record, error))
    }

    /// Opens a row that was already read.
    ///
    /// # Errors
    /// When its envelope does not open; too costly when the request has opened enough.
    pub async fn open_row(&self, row: store::Version) -> Result<Found, Failure> {
        self.pay(&row.envelope).await?;
        // A delete has no content; whom the record was about stands in the version
        // that it ended.
        let ended = match version::ended_by(&row)? {
            Some(number) => {
                self.version_row(&row.resource_type, row.record, number)
                    .await?
            }
            None => None,
        };
        if let Some(ended) = &ended {
            self.pay_beside(&ended.envelope).await?;
        }
        self.app().counters.opened();
        let found = version::open(self.facility(), &self.context.local, row, ended).await?;
        self.pay_patients(&found.patients);
        Ok(found)
    }

    /// Opens a candidate of a search of this type.
    ///
    /// # Errors
    /// When it was cut from its table or its envelope does not open.
    pub async fn open_hit(
        &self,
        resource_type: &ResourceType,
        hit: store::Hit,
    ) -> Result<Found, Failure> {
        let refuse = |error| {
            let facility = self.facility();
            facility.refuse_read(resource_type, hit.record, error)
        };
        self.open_row(hit.version.map_err(refuse)?).await
    }
}
