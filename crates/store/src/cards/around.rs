//! The cards of a patient's compartment, of several types: those under the patient, and those
//! of no single patient, among which are the records that name several. Which of these name
//! the patient, only the cards tell.

use super::{
    read::{Count, Line, PatientCards, PatientCount, most, read},
    statement::run,
};
use crate::{Access, Cards, Error, FacilityId};
use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Binary, Integer},
};
use model::{ResourceType, Tag};

/// `{types}` the types, `?1` the facility, `?2` the patient, `?3` the most cards of no single
/// patient. The last part is of records that refer to the patient and have no card of their
/// type and version.
const AROUND: &str = "
    SELECT 1 AS part, NULL AS resource_type, record_tag, version, NULL AS index_epoch,
        NULL AS time_ms, NULL AS subject_tag, NULL AS data_key_id, NULL AS sealed,
        NULL AS sealed_under
    FROM card INDEXED BY card_of_patient
    WHERE facility_id = ?1 AND subject_tag = ?2 AND resource_type NOT IN ({types})
    UNION ALL
    SELECT 2, resource_type, record_tag, version, index_epoch, time_ms, subject_tag,
        data_key_id, sealed, subject_tag
    FROM card INDEXED BY card_of_patient
    WHERE facility_id = ?1 AND subject_tag = ?2 AND resource_type IN ({types})
    UNION ALL
    SELECT 3, NULL, patient_tag, NULL, NULL, NULL, NULL, data_key_id, head, NULL
    FROM patient_head WHERE facility_id = ?1 AND patient_tag = ?2
    UNION ALL
    SELECT * FROM (SELECT 4, resource_type, record_tag, version, index_epoch, time_ms,
        subject_tag, data_key_id, sealed, subject_tag
    FROM card INDEXED BY card_of_patient
    WHERE facility_id = ?1 AND subject_tag IS NULL AND resource_type IN ({types})
    LIMIT ?3) AS other
    UNION ALL
    SELECT 4, NULL, l.record_tag, NULL, NULL, NULL, NULL, NULL, NULL, v.subject_tag
    FROM link l INDEXED BY link_search LEFT JOIN card c
        ON c.facility_id = l.facility_id AND c.record_tag = l.record_tag
        AND c.resource_type = l.resource_type AND c.version = l.version
    LEFT JOIN version v
        ON v.facility_id = l.facility_id AND v.record_tag = l.record_tag
        AND v.version = l.version
    WHERE l.facility_id = ?1 AND l.resource_type IN ({types}) AND l.param IN ('patient', 'subject')
        AND l.target_tag = ?2 AND c.record_tag IS NULL";

/// As [`AROUND`]; `?4` the most cards of the patient and the types, and `?5` the most links and
/// cards of any type that are counted.
const NUMBER_AROUND: &str = "
    SELECT (SELECT count(*) FROM (SELECT 1 FROM card INDEXED BY card_of_patient
            WHERE facility_id = ?1 AND subject_tag = ?2 AND resource_type IN ({types})
            LIMIT ?4) AS counted)
        + (SELECT count(*) FROM (SELECT 1 FROM card INDEXED BY card_of_patient
            WHERE facility_id = ?1 AND subject_tag IS NULL AND resource_type IN ({types})
            LIMIT ?3) AS counted) AS own,
        (SELECT count(*) FROM (SELECT 1 FROM card INDEXED BY card_of_patient
            WHERE facility_id = ?1 AND subject_tag = ?2 LIMIT ?5) AS counted) AS members,
        (SELECT count(*) FROM (SELECT 1 FROM link INDEXED BY link_search
            WHERE facility_id = ?1 AND resource_type IN ({types})
                AND param IN ('patient', 'subject')
                AND target_tag = ?2 LIMIT ?5) AS counted) AS links";

/// A statement with its types, spelt out: names of letters and digits.
fn of_types(text: &str, types: &[ResourceType]) -> String {
    let quoted: Vec<String> = types.iter().map(|one| format!("'{one}'")).collect();
    text.replace("{types}", &quoted.join(", "))
}

impl<A: Access> Cards<'_, A> {
    /// How much [`Self::around`] would read: cards of these types, of the patient counted up
    /// to `cards` and of no single patient up to `others`, both in `own`; members and links
    /// each up to `rows`.
    pub fn count_around(
        &mut self,
        facility: FacilityId,
        patient: Tag,
        types: &[ResourceType],
        others: u64,
        (cards, rows): (u64, u64),
    ) -> Result<PatientCount, Error> {
        let (patient, text) = (
            patient.as_bytes().as_slice(),
            of_types(NUMBER_AROUND, types),
        );
        let count: Count = self.access.query(|conn| {
            run!(conn, text.as_str(), get_result,
                Integer: facility.0, Binary: patient, BigInt: most(others),
                BigInt: most(cards), BigInt: most(rows))
        })?;
        count.read()
    }

    /// The cards of these types, one at least, that a patient's compartment may have, of one
    /// moment: under the patient in `own`, of no single patient `others` at most.
    pub fn around(
        &mut self,
        facility: FacilityId,
        patient: Tag,
        types: &[ResourceType],
        others: u64,
    ) -> Result<PatientCards, Error> {
        let (tag, text) = (patient.as_bytes().as_slice(), of_types(AROUND, types));
        let lines: Vec<Line> = self.access.query(|conn| {
            run!(conn, text.as_str(), load,
                Integer: facility.0, Binary: tag, BigInt: most(others))
        })?;
        read(lines, patient)
    }
}
