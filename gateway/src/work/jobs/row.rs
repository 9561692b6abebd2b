//! The row of a job: read, sealed, and swapped for what was read.

use super::Tools;
use crate::{
    facility::{
        own::Own,
        own_seal::{Envelope, OwnContent, OwnPlace},
        sealed_json,
    },
    failure::Failure,
};
use model::{DataKeyId, FacilityName, Scope, Tag, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use store::{Reader, StoredJob};

/// A kind of long work.
pub trait Job {
    /// The word in rows and logs.
    const KIND: &'static str;
    /// What is kept of it between two steps; the default before the first.
    type State: Clone + Default + Serialize + DeserializeOwned;

    /// The state to begin with where the row does not open.
    fn after_unopened(&self, now: Timestamp) -> Self::State;

    /// Learns of the state; `others` when another process has the job.
    fn seen(&mut self, state: &mut Self::State, others: bool);

    /// Until when there is nothing to do; `None` when there is.
    fn rests(&self, state: &Self::State, now: Timestamp) -> Option<Timestamp>;

    /// Whether it has come less far than it should have.
    fn is_late(&self, state: &Self::State, now: Timestamp) -> bool;

    /// Does one step, which reads a bounded number of rows.
    ///
    /// # Errors
    /// When the database or the keys cannot be read; the state is then as it was.
    fn step(&mut self, state: &mut Self::State) -> impl Future<Output = Result<(), Failure>>;
}

/// A state as it was found.
pub(super) enum Opened<S> {
    /// There is no row.
    None,
    State(S),
    /// It opens, and another release has written it in its own form.
    OtherForm,
    /// Somebody has written it who holds no key.
    Unopened,
}

/// The place of one job of one facility.
pub(super) struct Row {
    kind: &'static str,
    record: Tag,
    tools: Tools,
}

impl Row {
    pub(super) fn new(kind: &'static str, tools: Tools) -> Self {
        Self {
            kind,
            record: Own::Job.tag(&tools.facility.tags, kind),
            tools,
        }
    }

    pub(super) fn facility_name(&self) -> &FacilityName {
        &self.tools.facility.name
    }

    pub(super) fn time(&self) -> Timestamp {
        self.tools.clock.now()
    }

    /// The same in milliseconds, as in the row.
    pub(super) fn now(&self) -> i64 {
        self.time().as_millis()
    }

    const fn place(&self, time: Timestamp) -> OwnPlace<'static> {
        OwnPlace::only(Own::Job, self.record, time)
    }

    /// The row and what it says.
    pub(super) async fn read<S: DeserializeOwned>(
        &self,
    ) -> Result<(Option<StoredJob>, Opened<S>), Failure> {
        let (id, kind) = (self.tools.facility.id, self.kind);
        let find = move |reader: &mut Reader| reader.jobs().find(id, kind);
        let Some(row) = self.tools.store.read("job", find).await? else {
            return Ok((None, Opened::None));
        };
        let opened = match Failure::settled(self.open(&row).await)? {
            Ok(content) => self.parse(&content),
            Err(_) => {
                tracing::error!(facility = %self.facility_name(), job = self.kind,
                    "the row of a job does not open: someone without the keys has changed it; \
                     the job begins anew");
                Opened::Unopened
            }
        };
        Ok((Some(row), opened))
    }

    fn parse<S: DeserializeOwned>(&self, content: &[u8]) -> Opened<S> {
        match serde_json::from_slice(content) {
            Ok(state) => Opened::State(state),
            Err(_) => {
                tracing::warn!(facility = %self.facility_name(), job = self.kind,
                    "the state of a job is of another release; the job begins anew");
                Opened::OtherForm
            }
        }
    }

    async fn open(&self, row: &StoredJob) -> Result<Vec<u8>, Failure> {
        let key = DataKeyId::from_slice(&row.data_key_id).map_err(Failure::fault)?;
        let time = Timestamp::from_millis(row.time_ms).map_err(Failure::fault)?;
        let sealed = Envelope {
            data_key: key,
            bytes: &row.envelope,
        };
        let place = self.place(time);
        let opened = self.tools.facility.open_own(&place, sealed).await?;
        if opened.id != self.kind {
            return Err(Failure::fault("a job is not what its row says"));
        }
        Ok(opened.content.to_vec())
    }

    /// A row with this state.
    pub(super) async fn seal<S: Serialize>(
        &self,
        holder: &[u8],
        until_ms: i64,
        state: &S,
    ) -> Result<StoredJob, Failure> {
        let Tools {
            facility, random, ..
        } = &self.tools;
        let (time, bytes) = (self.time(), sealed_json::bytes(state)?);
        let content = OwnContent {
            id: self.kind,
            bytes: &bytes,
        };
        let place = self.place(time);
        let sealing = facility.seal_own(&**random, Scope::Facility, &place, content);
        let (data_key, sealed) = sealing.await?;
        Ok(StoredJob {
            holder: holder.to_vec(),
            until_ms,
            time_ms: time.as_millis(),
            data_key_id: data_key.as_bytes().to_vec(),
            envelope: sealed.envelope,
        })
    }

    /// Whether `before` stood there still.
    pub(super) async fn swap(
        &self,
        before: Option<StoredJob>,
        after: StoredJob,
    ) -> Result<bool, Failure> {
        let (id, kind) = (self.tools.facility.id, self.kind);
        let swapped = self
            .tools
            .store
            .run_tx("job", &[], move |tx| {
                tx.jobs().swap(id, kind, before.as_ref(), &after)
            })
            .await;
        match swapped {
            Ok(()) => Ok(true),
            Err(store::Error::Taken(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
