//! Answers to requests with an idempotency key
//! (<https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>),
//! stored in the transaction that makes them true. Never changed; old ones go when
//! new ones come.

use crate::{
    Access, Error, FacilityId, Tx,
    access::Writes as _,
    column,
    engine::database::Conn,
    records::old_rows::{FORGOTTEN_AT_ONCE, OldRows},
    schema::answer,
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, SelectableHelper,
    prelude::{Queryable, Selectable},
};
use model::{DataKeyId, Digest, Tag, Timestamp};

const OLD_ANSWERS: OldRows = OldRows {
    table: "answer",
    key: "key_tag",
};

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The caller and its key.
    pub key: Tag,
    /// What was asked for; another digest is another request.
    pub request: Digest,
    /// When it was answered.
    pub time: Timestamp,
    /// The key that opens the envelope.
    pub data_key: DataKeyId,
    /// The sealed answer.
    pub envelope: Vec<u8>,
}

/// The view of answers.
pub struct Answers<'a, A> {
    pub(crate) access: &'a mut A,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = answer)]
struct Row {
    key_tag: Vec<u8>,
    request_digest: Vec<u8>,
    time_ms: i64,
    data_key_id: Vec<u8>,
    envelope: Vec<u8>,
}

impl<A: Access> Answers<'_, A> {
    /// The answer that was given to the request with this key.
    pub fn find(&mut self, facility: FacilityId, key: Tag) -> Result<Option<StoredAnswer>, Error> {
        let query = answer::table
            .find((facility.0, key.as_bytes().as_slice()))
            .select(Row::as_select());
        let row: Option<Row> = self.access.query(|conn| query.first(conn).optional())?;
        row.map(|row| {
            Ok(StoredAnswer {
                key: column::tag(&row.key_tag)?,
                request: column::digest(&row.request_digest)?,
                time: column::time(row.time_ms)?,
                data_key: column::data_key_id(&row.data_key_id)?,
                envelope: row.envelope,
            })
        })
        .transpose()
    }
}

impl Answers<'_, Tx> {
    /// Stores an answer and forgets a few that were given before `old`;
    /// `AnswerKept` when there is one for its key.
    pub fn insert(
        &mut self,
        facility: FacilityId,
        new: &StoredAnswer,
        old: Timestamp,
    ) -> Result<(), Error> {
        let row = (
            answer::facility_id.eq(facility.0),
            answer::key_tag.eq(new.key.as_bytes().as_slice()),
            answer::request_digest.eq(new.request.as_bytes().as_slice()),
            answer::time_ms.eq(new.time.as_millis()),
            answer::data_key_id.eq(new.data_key.as_bytes().as_slice()),
            answer::envelope.eq(&new.envelope),
        );
        let insert = diesel::insert_into(answer::table).values(row);
        self.access.insert(Error::AnswerKept, |conn| match conn {
            Conn::Sqlite(conn) => insert.on_conflict_do_nothing().execute(conn),
            Conn::Postgres(conn) => insert.on_conflict_do_nothing().execute(conn),
        })?;
        OLD_ANSWERS.forget(self.access, facility, old, FORGOTTEN_AT_ONCE)?;
        Ok(())
    }

    /// Forgets up to `most` answers that were given before `old`; the number of them.
    pub fn forget(
        &mut self,
        facility: FacilityId,
        old: Timestamp,
        most: u32,
    ) -> Result<u32, Error> {
        OLD_ANSWERS.forget(self.access, facility, old, most)
    }

    /// Makes sure that no other request with this key was answered; `AnswerKept`
    /// when one was.
    pub fn require_none(&mut self, facility: FacilityId, key: Tag) -> Result<(), Error> {
        match self.find(facility, key)? {
            None => Ok(()),
            Some(_) => Err(Error::AnswerKept),
        }
    }
}
