//! Cards as they are read: all of a patient's in one statement, so that they and the head
//! are of one moment, and the current versions that have none yet.

use crate::{
    Access, Card, Cards, Error, FacilityId, HeadMember, StoredHead, cards::statement::run, column,
    records::rows::ID_PARAM,
};
use diesel::{
    QueryableByName, RunQueryDsl,
    sql_types::{BigInt, Binary, Integer, Nullable, Text},
};
use model::{ResourceType, Tag};

/// What a search within a patient reads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PatientCards {
    /// The patient's head.
    pub head: Option<StoredHead>,
    /// What the head adds up: every card of the patient.
    pub members: Vec<HeadMember>,
    /// Cards of the type, of records that are sealed under the patient.
    pub own: Vec<Card>,
    /// Those of records of the type that refer to the patient and are sealed under others.
    pub others: Vec<Card>,
    /// Records of the type that refer to the patient, are sealed under others, and have no
    /// card of their type and version.
    pub without: Vec<Tag>,
    /// Those that are sealed under the patient: their cards are not what was stored.
    pub own_without: Vec<Tag>,
}

/// How much a search within a patient would read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PatientCount {
    /// Cards of the type, of records that are sealed under the patient.
    pub own: u64,
    /// Cards of the patient, of any type.
    pub members: u64,
    /// Links of records of the type to the patient.
    pub links: u64,
}

/// A part of a facility's current versions, in the order of their tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncarded {
    /// The last record that was looked at; none at the end.
    pub last: Option<Tag>,
    /// Number of records that were looked at.
    pub seen: u32,
    /// Those without a card of their version by the definitions.
    pub missing: Vec<HeadMember>,
    /// Records whose link to themselves names another version than their newest.
    pub unfit: Vec<Tag>,
}

const MEMBER: i32 = 1;
const OWN: i32 = 2;
const HEAD: i32 = 3;
const OTHER: i32 = 4;

#[derive(QueryableByName)]
pub(super) struct Line {
    #[diesel(sql_type = Integer)]
    part: i32,
    #[diesel(sql_type = Nullable<Text>)]
    resource_type: Option<String>,
    #[diesel(sql_type = Binary)]
    record_tag: Vec<u8>,
    #[diesel(sql_type = Nullable<BigInt>)]
    version: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    index_epoch: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    time_ms: Option<i64>,
    #[diesel(sql_type = Nullable<Binary>)]
    subject_tag: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    data_key_id: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    sealed: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<Binary>)]
    sealed_under: Option<Vec<u8>>,
}

#[derive(QueryableByName)]
pub(super) struct Count {
    #[diesel(sql_type = BigInt)]
    own: i64,
    #[diesel(sql_type = BigInt)]
    members: i64,
    #[diesel(sql_type = BigInt)]
    links: i64,
}

#[derive(QueryableByName)]
struct Current {
    #[diesel(sql_type = Binary)]
    record_tag: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    newest: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    card_version: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    index_epoch: Option<i64>,
}

/// `?1` the facility, `?2` the patient, `?3` the type, `?4` the most links of records that are
/// sealed under others. A card of another type or version than
/// the link is none: its record stands in the last part, as one that lost its card.
const OF_PATIENT: &str = "
    SELECT 1 AS part, NULL AS resource_type, record_tag, version, NULL AS index_epoch,
        NULL AS time_ms, NULL AS subject_tag, NULL AS data_key_id, NULL AS sealed,
        NULL AS sealed_under
    FROM card INDEXED BY card_of_patient
    WHERE facility_id = ?1 AND subject_tag = ?2 AND resource_type <> ?3
    UNION ALL
    SELECT 2, resource_type, record_tag, version, index_epoch, time_ms, subject_tag,
        data_key_id, sealed, subject_tag
    FROM card INDEXED BY card_of_patient
    WHERE facility_id = ?1 AND subject_tag = ?2 AND resource_type = ?3
    UNION ALL
    SELECT 3, NULL, patient_tag, NULL, NULL, NULL, NULL, data_key_id, head, NULL
    FROM patient_head WHERE facility_id = ?1 AND patient_tag = ?2
    UNION ALL
    SELECT * FROM (SELECT 4, c.resource_type, l.record_tag, c.version, c.index_epoch, c.time_ms,
        c.subject_tag, c.data_key_id, c.sealed, v.subject_tag
    FROM link l INDEXED BY link_search LEFT JOIN card c
        ON c.facility_id = l.facility_id AND c.record_tag = l.record_tag
        AND c.resource_type = l.resource_type AND c.version = l.version
    LEFT JOIN version v
        ON v.facility_id = l.facility_id AND v.record_tag = l.record_tag
        AND v.version = l.version
    WHERE l.facility_id = ?1 AND l.resource_type = ?3 AND l.param IN ('patient', 'subject')
        AND l.target_tag = ?2 AND (c.subject_tag IS NULL OR c.subject_tag <> ?2)
    LIMIT ?4) AS other";

/// As [`OF_PATIENT`]; `?4` the most cards of the type and `?5` the most links and cards of any
/// type that are counted.
const NUMBER_OF_PATIENT: &str = "
    SELECT (SELECT count(*) FROM (SELECT 1 FROM card INDEXED BY card_of_patient
            WHERE facility_id = ?1 AND subject_tag = ?2 AND resource_type = ?3
            LIMIT ?4) AS counted) AS own,
        (SELECT count(*) FROM (SELECT 1 FROM card INDEXED BY card_of_patient
            WHERE facility_id = ?1 AND subject_tag = ?2 LIMIT ?5) AS counted) AS members,
        (SELECT count(*) FROM (SELECT 1 FROM link INDEXED BY link_search
            WHERE facility_id = ?1 AND resource_type = ?3 AND param IN ('patient', 'subject')
                AND target_tag = ?2 LIMIT ?5) AS counted) AS links";

/// `?1` the facility, `?2` the record before, `?3` the parameter of own links, `?4` how many.
const CURRENT: &str = "
    SELECT w.record_tag, w.version,
        (SELECT max(v.version) FROM version v WHERE v.facility_id = w.facility_id
            AND v.record_tag = w.record_tag) AS newest,
        c.version AS card_version, c.index_epoch
    FROM (SELECT facility_id, record_tag, version FROM link
        WHERE facility_id = ?1 AND record_tag > ?2 AND param = ?3
        ORDER BY record_tag LIMIT ?4) AS w
    LEFT JOIN card c ON c.facility_id = w.facility_id AND c.record_tag = w.record_tag
    ORDER BY w.record_tag";

/// A bound of a count as the databases take it.
pub(super) fn most(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

impl Count {
    pub(super) fn read(&self) -> Result<PatientCount, Error> {
        Ok(PatientCount {
            own: column::number(self.own)?,
            members: column::number(self.members)?,
            links: column::number(self.links)?,
        })
    }
}

impl<A: Access> Cards<'_, A> {
    /// How much [`Self::of_patient`] would read: cards of the type counted up to `cards`,
    /// members and links each up to `rows`.
    pub fn count_of_patient(
        &mut self,
        facility: FacilityId,
        patient: Tag,
        resource_type: &ResourceType,
        (cards, rows): (u64, u64),
    ) -> Result<PatientCount, Error> {
        let (patient, kind) = (patient.as_bytes().as_slice(), resource_type.as_str());
        let count: Count = self.access.query(|conn| {
            run!(conn, NUMBER_OF_PATIENT, get_result,
                Integer: facility.0, Binary: patient, Text: kind,
                BigInt: most(cards), BigInt: most(rows))
        })?;
        count.read()
    }

    /// All that a search within a patient reads, of one moment; of records that are sealed
    /// under others `others` links at most.
    pub fn of_patient(
        &mut self,
        facility: FacilityId,
        patient: Tag,
        resource_type: &ResourceType,
        others: u64,
    ) -> Result<PatientCards, Error> {
        let (tag, kind) = (patient.as_bytes().as_slice(), resource_type.as_str());
        let lines: Vec<Line> = self.access.query(|conn| {
            run!(conn, OF_PATIENT, load,
                Integer: facility.0, Binary: tag, Text: kind, BigInt: most(others))
        })?;
        read(lines, patient)
    }

    /// The next current versions after a record, and which of them have no card of their
    /// version by the definitions of an index epoch.
    pub fn uncarded(
        &mut self,
        facility: FacilityId,
        after: Option<Tag>,
        index_epoch: u32,
        limit: u32,
    ) -> Result<Uncarded, Error> {
        let after: Vec<u8> = after.map_or_else(Vec::new, |tag| tag.as_bytes().to_vec());
        let lines: Vec<Current> = self.access.query(|conn| {
            run!(conn, CURRENT, load,
                Integer: facility.0, Binary: &after, Text: ID_PARAM, BigInt: i64::from(limit))
        })?;
        let last = lines.last().map(|line| column::tag(&line.record_tag));
        let mut found = Uncarded {
            last: last.transpose()?,
            seen: column::number(lines.len())?,
            missing: Vec::new(),
            unfit: Vec::new(),
        };
        let wanted = i64::from(index_epoch);
        for line in lines {
            let record = column::tag(&line.record_tag)?;
            if line.newest != Some(line.version) {
                found.unfit.push(record);
            } else if line.card_version != line.newest || line.index_epoch != Some(wanted) {
                let number = column::version_number(line.version)?;
                found.missing.push(HeadMember { record, number });
            }
        }
        Ok(found)
    }
}

pub(super) fn read(lines: Vec<Line>, patient: Tag) -> Result<PatientCards, Error> {
    let mut found = PatientCards::default();
    for line in lines {
        match line.part {
            MEMBER => found.members.push(member(&line)?),
            OWN => {
                found.members.push(member(&line)?);
                found.own.push(card(line)?);
            }
            HEAD if line.sealed.as_ref().is_none_or(Vec::is_empty) => {}
            HEAD => {
                found.head = Some(StoredHead {
                    data_key: column::data_key_id(&line.data_key_id.unwrap_or_default())?,
                    sealed: line.sealed.unwrap_or_default(),
                });
            }
            OTHER if column::optional_tag(line.sealed_under.as_ref())? == Some(patient) => {
                found.own_without.push(column::tag(&line.record_tag)?);
            }
            OTHER if line.sealed.is_none() => found.without.push(column::tag(&line.record_tag)?),
            OTHER => found.others.push(card(line)?),
            _ => return Err(Error::Corrupt("card")),
        }
    }
    // A record may refer by both parameters.
    found.others.sort_unstable_by_key(|card| card.record);
    found.others.dedup_by_key(|card| card.record);
    found.without.sort_unstable();
    found.without.dedup();
    Ok(found)
}

fn member(line: &Line) -> Result<HeadMember, Error> {
    Ok(HeadMember {
        record: column::tag(&line.record_tag)?,
        number: column::version_number(line.version.unwrap_or_default())?,
    })
}

fn card(line: Line) -> Result<Card, Error> {
    let resource_type = line.resource_type.unwrap_or_default();
    Ok(Card {
        resource_type: column::word(&resource_type, "resource type")?,
        record: column::tag(&line.record_tag)?,
        number: column::version_number(line.version.unwrap_or_default())?,
        index_epoch: column::number(line.index_epoch.unwrap_or_default())?,
        time: column::time(line.time_ms.unwrap_or_default())?,
        subject: column::optional_tag(line.subject_tag.as_ref())?,
        data_key: column::data_key_id(&line.data_key_id.unwrap_or_default())?,
        sealed: line.sealed.unwrap_or_default(),
    })
}
