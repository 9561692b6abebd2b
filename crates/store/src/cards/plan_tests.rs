//! What a search within a patient or a compartment reads is found by the patient, on both
//! databases.

use crate::{
    FacilityId, Reader,
    engine::database::Conn,
    key_plan_tests::{Step, numbered, plans, postgres_plans},
};
use diesel::connection::SimpleConnection as _;

/// What such a search reads.
fn read_cards(reader: &mut Reader) -> Result<(), crate::Error> {
    let (facility, patient) = (FacilityId(1), numbered(1));
    let kind = "Observation".parse().expect("a type");
    let mut cards = reader.cards();
    cards.count_of_patient(facility, patient, &kind, (10, 100))?;
    cards.of_patient(facility, patient, &kind, 10)?;
    let types = [kind, "Condition".parse().expect("a type")];
    cards.count_around(facility, patient, &types, 10, (10, 100))?;
    cards.around(facility, patient, &types, 10)?;
    Ok(())
}

#[test]
fn cards_of_a_patient_are_found_by_the_patient() {
    let plans = plans(read_cards);
    assert_eq!(plans.len(), 4);
    for (sql, steps) in plans {
        for Step { detail } in steps {
            let tables = ["card", "link", "l", "c", "v", "patient_head"];
            let entered = |verb: &str| {
                let mut tables = tables.iter();
                tables.any(|table| detail.starts_with(&format!("{verb} {table} ")))
            };
            assert!(!entered("SCAN"), "{detail}\n{sql}");
            let by_tag = detail.contains("_tag=?");
            assert!(!entered("SEARCH") || by_tag, "{detail}\n{sql}");
        }
    }
}

/// Cards and links of one facility on PostgreSQL, a hundredth of them of each patient.
fn fill_cards(conn: &mut Conn) {
    let tag = |number: &str| format!("convert_to(lpad(({number})::text, 16, '0'), 'UTF8')");
    let (record, patient, key) = (tag("i * 7919 % 20011"), tag("i % 100"), tag("0"));
    let numbers = "generate_series(1, 20000) AS n (i)";
    conn.batch_execute(&format!(
        "INSERT INTO card (facility_id, record_tag, resource_type, subject_tag, version,
                index_epoch, time_ms, data_key_id, sealed)
             SELECT 1, {record}, 'Observation', {patient}, 1, 2, 0, {key}, {key} FROM {numbers};
         INSERT INTO link (facility_id, record_tag, version, resource_type, param, target_tag)
             SELECT 1, {record}, 1, 'Observation', param, {patient}
             FROM {numbers} CROSS JOIN (VALUES ('patient'), ('subject')) AS p (param);
         INSERT INTO version (facility_id, resource_type, record_tag, version, interaction,
                policy_number, time_ms, subject_tag, padded_size, data_key_id, envelope)
             SELECT 1, 'Observation', {record}, 1, 'create', 1, i, {patient}, 512, {key}, {key}
             FROM {numbers};
         INSERT INTO patient_head (facility_id, patient_tag, data_key_id, head)
             SELECT 1, {patient}, {key}, {key} FROM generate_series(1, 100) AS n (i)"
    ))
    .expect("rows");
    conn.batch_execute("VACUUM ANALYZE").expect("statistics");
}

#[test]
fn cards_of_a_patient_are_found_by_the_patient_on_postgres() {
    let plans = postgres_plans(fill_cards, read_cards);
    assert_eq!(plans.len(), 4, "{plans:?}");
    for (statement, lines) in plans {
        let text = lines.join("\n");
        for bad in ["Seq Scan", "Hash Join", "Merge Join"] {
            assert!(!text.contains(bad), "{bad}: {statement}\n{text}");
        }
        for (line, next) in lines.iter().zip(lines.iter().skip(1)) {
            let entered = line.contains(" using ") || line.contains("Bitmap Index Scan on ");
            let tags = ["_tag = ", "subject_tag IS NULL"];
            let by_tag = tags.iter().any(|tag| next.contains(tag));
            let by_tag = by_tag && next.contains("Index Cond");
            assert!(!entered || by_tag, "{line}: {statement}\n{text}");
        }
    }
}
