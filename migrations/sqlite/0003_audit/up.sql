-- Sealed audit records: one per request and facility it touched.

-- Never changed, never deleted.
CREATE TABLE audit (
    id INTEGER NOT NULL PRIMARY KEY,
    facility_id INTEGER NOT NULL,
    record_tag BLOB NOT NULL, -- tag of the record id under type AuditEvent
    time_ms INTEGER NOT NULL,
    interaction TEXT NOT NULL, -- FHIR code, operation:<name>, admin:<name>, unauthenticated
    outcome INTEGER NOT NULL, -- AuditEvent.outcome: 0, 4, 8 or 12
    purpose TEXT, -- purpose of use, when the caller stated one
    policy_number INTEGER NOT NULL, -- policy set in force; 0 when none is valid
    user_tag BLOB,
    client_tag BLOB,
    subject_tag BLOB, -- the patient, when exactly one is concerned
    events INTEGER NOT NULL, -- how many AuditEvents the record renders to
    padded_size INTEGER NOT NULL, -- bytes of padded plaintext
    data_key_id BLOB NOT NULL, -- the key that opens the envelope
    envelope BLOB NOT NULL, -- the sealed record
    query_envelope BLOB, -- the sealed query text, if there was one
    query_key_id BLOB, -- the key that opens it
    UNIQUE (facility_id, record_tag)
) STRICT;
CREATE INDEX audit_time ON audit (facility_id, time_ms, record_tag);

-- One row per AuditEvent, to find those of a patient newest first.
CREATE TABLE audit_patient (
    facility_id INTEGER NOT NULL,
    patient_tag BLOB NOT NULL, -- zeros when the event concerns no patient
    time_ms INTEGER NOT NULL,
    record_tag BLOB NOT NULL, -- the audit record
    event INTEGER NOT NULL, -- which of its events, from 0
    PRIMARY KEY (facility_id, patient_tag, time_ms, record_tag, event)
) STRICT, WITHOUT ROWID;
