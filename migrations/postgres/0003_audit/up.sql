-- Sealed audit records: one per request and facility it touched.

-- Never changed, never deleted.
CREATE TABLE audit (
    id BIGSERIAL NOT NULL PRIMARY KEY,
    facility_id INTEGER NOT NULL,
    record_tag BYTEA NOT NULL, -- tag of the record id under type AuditEvent
    time_ms BIGINT NOT NULL,
    interaction TEXT NOT NULL, -- FHIR code, operation:<name>, admin:<name>, unauthenticated
    outcome SMALLINT NOT NULL, -- AuditEvent.outcome: 0, 4, 8 or 12
    purpose TEXT, -- purpose of use, when the caller stated one
    policy_number BIGINT NOT NULL, -- policy set in force; 0 when none is valid
    user_tag BYTEA,
    client_tag BYTEA,
    subject_tag BYTEA, -- the patient, when exactly one is concerned
    events INTEGER NOT NULL, -- how many AuditEvents the record renders to
    padded_size INTEGER NOT NULL, -- bytes of padded plaintext
    data_key_id BYTEA NOT NULL, -- the key that opens the envelope
    envelope BYTEA NOT NULL, -- the sealed record
    query_envelope BYTEA, -- the sealed query text, if there was one
    query_key_id BYTEA, -- the key that opens it
    UNIQUE (facility_id, record_tag)
);
CREATE INDEX audit_time ON audit (facility_id, time_ms, record_tag);
-- Ciphertext does not compress: do not try.
ALTER TABLE audit ALTER COLUMN envelope SET STORAGE EXTERNAL;

-- One row per AuditEvent, to find those of a patient newest first.
CREATE TABLE audit_patient (
    facility_id INTEGER NOT NULL,
    patient_tag BYTEA NOT NULL, -- zeros when the event concerns no patient
    time_ms BIGINT NOT NULL,
    record_tag BYTEA NOT NULL, -- the audit record
    event INTEGER NOT NULL, -- which of its events, from 0
    PRIMARY KEY (facility_id, patient_tag, time_ms, record_tag, event)
);
