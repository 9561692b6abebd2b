//! Cards and patient heads as the sweep walks them. A row that cannot be read is given by its
//! name, so that one row stops no sweep.

use crate::{
    Access, Card, Cards, Error, FacilityId, HeadMember, RowName, StoredHead, SweptCard, SweptHead,
    cards::statement::run, column, records::rows::ID_PARAM,
};
use diesel::{
    QueryableByName, RunQueryDsl,
    sql_types::{BigInt, Binary, Integer, Nullable, Text},
};
use model::{DataKeyId, Tag};

#[derive(QueryableByName)]
struct CardLine {
    #[diesel(sql_type = Text)]
    resource_type: String,
    #[diesel(sql_type = Binary)]
    record_tag: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = BigInt)]
    index_epoch: i64,
    #[diesel(sql_type = BigInt)]
    time_ms: i64,
    #[diesel(sql_type = Nullable<Binary>)]
    subject_tag: Option<Vec<u8>>,
    #[diesel(sql_type = Binary)]
    data_key_id: Vec<u8>,
    #[diesel(sql_type = Binary)]
    sealed: Vec<u8>,
    #[diesel(sql_type = Nullable<BigInt>)]
    newest: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    own: Option<i64>,
}

#[derive(QueryableByName)]
struct PatientLine {
    #[diesel(sql_type = Binary)]
    tag: Vec<u8>,
}

/// A member has a version, the head has none.
#[derive(QueryableByName)]
struct HeadLine {
    #[diesel(sql_type = Binary)]
    tag: Vec<u8>,
    #[diesel(sql_type = Nullable<BigInt>)]
    version: Option<i64>,
    #[diesel(sql_type = Nullable<Binary>)]
    data_key_id: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    sealed: Option<Vec<u8>>,
}

/// `?1` the facility, `?2` the record before, `?3` the parameter of own links, `?4` how many.
const CARDS: &str = "
    SELECT c.resource_type, c.record_tag, c.version, c.index_epoch, c.time_ms, c.subject_tag,
        c.data_key_id, c.sealed,
        (SELECT max(v.version) FROM version v WHERE v.facility_id = c.facility_id
            AND v.record_tag = c.record_tag) AS newest,
        (SELECT max(l.version) FROM link l WHERE l.facility_id = c.facility_id
            AND l.record_tag = c.record_tag AND l.param = ?3) AS own
    FROM card c WHERE c.facility_id = ?1 AND c.record_tag > ?2
    ORDER BY c.record_tag LIMIT ?4";

/// `?1` the facility, `?2` the patient before, `?3` how many.
const PATIENTS: &str = "
    SELECT tag FROM (
        SELECT tag FROM (SELECT DISTINCT subject_tag AS tag FROM card
            INDEXED BY card_of_patient
            WHERE facility_id = ?1 AND subject_tag > ?2 ORDER BY subject_tag LIMIT ?3) AS of_cards
        UNION
        SELECT tag FROM (SELECT patient_tag AS tag FROM patient_head
            WHERE facility_id = ?1 AND patient_tag > ?2 ORDER BY patient_tag LIMIT ?3) AS of_heads
    ) AS patients ORDER BY tag LIMIT ?3";

/// `?1` the facility, `?2` the patient.
const HEAD: &str = "
    SELECT record_tag AS tag, version, NULL AS data_key_id, NULL AS sealed
    FROM card INDEXED BY card_of_patient WHERE facility_id = ?1 AND subject_tag = ?2
    UNION ALL
    SELECT patient_tag, NULL, data_key_id, head
    FROM patient_head WHERE facility_id = ?1 AND patient_tag = ?2";

impl<A: Access> Cards<'_, A> {
    /// The cards after a record, or from the first, in the order of their records.
    pub fn swept(
        &mut self,
        facility: FacilityId,
        after: Option<&[u8]>,
        limit: u32,
    ) -> Result<Vec<SweptCard>, Error> {
        let after = after.unwrap_or_default();
        let lines: Vec<CardLine> = self.access.query(|conn| {
            run!(conn, CARDS, load,
                Integer: facility.0, Binary: after, Text: ID_PARAM, BigInt: i64::from(limit))
        })?;
        Ok(lines.into_iter().map(SweptCard::from).collect())
    }

    /// The patients after one, or from the first, who have cards or a head: their tags as they
    /// stand there.
    pub fn swept_patients(
        &mut self,
        facility: FacilityId,
        after: Option<&[u8]>,
        limit: u32,
    ) -> Result<Vec<Vec<u8>>, Error> {
        let after = after.unwrap_or_default();
        let lines: Vec<PatientLine> = self.access.query(|conn| {
            run!(conn, PATIENTS, load,
                Integer: facility.0, Binary: after, BigInt: i64::from(limit))
        })?;
        Ok(lines.into_iter().map(|line| line.tag).collect())
    }

    /// The head of a patient and what it adds up.
    pub fn swept_head(&mut self, facility: FacilityId, patient: Tag) -> Result<SweptHead, Error> {
        let tag = patient.as_bytes().as_slice();
        let lines: Vec<HeadLine> = self
            .access
            .query(|conn| run!(conn, HEAD, load, Integer: facility.0, Binary: tag))?;
        let mut found = SweptHead::default();
        for line in lines {
            match (line.version, line.sealed) {
                (Some(version), _) => found.members.push(HeadMember {
                    record: column::tag(&line.tag)?,
                    number: column::version_number(version)?,
                }),
                // Begun by a write that waits.
                (None, Some(sealed)) if sealed.is_empty() => {}
                (None, sealed) => {
                    let key = column::data_key_id(&line.data_key_id.unwrap_or_default());
                    found.head = Some(StoredHead {
                        // An id of another form names no key.
                        data_key: key.unwrap_or(DataKeyId::new([0; DataKeyId::LEN])),
                        sealed: sealed.unwrap_or_default(),
                    });
                }
            }
        }
        Ok(found)
    }
}

impl From<CardLine> for SweptCard {
    fn from(line: CardLine) -> Self {
        Self {
            is_old: line.newest > Some(line.version) && line.own != Some(line.version),
            name: RowName {
                record: line.record_tag.clone(),
                version: line.version,
            },
            card: card(line),
        }
    }
}

fn card(line: CardLine) -> Result<Card, Error> {
    Ok(Card {
        resource_type: column::word(&line.resource_type, "resource type")?,
        record: column::tag(&line.record_tag)?,
        number: column::version_number(line.version)?,
        index_epoch: column::number(line.index_epoch)?,
        time: column::time(line.time_ms)?,
        subject: column::optional_tag(line.subject_tag.as_ref())?,
        data_key: column::data_key_id(&line.data_key_id)?,
        sealed: line.sealed,
    })
}
