-- The index card of the current version of each record (docs/storage-format.md, "Index
-- card"): what it is found by, sealed. Replaced at each version, gone after a delete. A row
-- that an earlier release wrote has none until the job `index` has made it.
CREATE TABLE card (
    facility_id INTEGER NOT NULL,
    record_tag BYTEA NOT NULL,
    resource_type TEXT NOT NULL,
    subject_tag BYTEA, -- the patient it is sealed under, if one
    version BIGINT NOT NULL, -- the current version
    index_epoch BIGINT NOT NULL, -- by whose definitions it was made
    time_ms BIGINT NOT NULL, -- of the version
    data_key_id BYTEA NOT NULL, -- the key from which that of the card is made
    sealed BYTEA NOT NULL, -- the card
    PRIMARY KEY (facility_id, record_tag)
);
-- Ciphertext does not compress: do not try.
ALTER TABLE card ALTER COLUMN sealed SET STORAGE EXTERNAL;
-- All cards of a patient: those of one type, and the tag and version of each, which the
-- patient's head adds up.
CREATE INDEX card_of_patient
    ON card (facility_id, subject_tag, resource_type, record_tag, version);

-- What the cards of a patient add up to (docs/storage-format.md, "Patient head").
CREATE TABLE patient_head (
    facility_id INTEGER NOT NULL,
    patient_tag BYTEA NOT NULL,
    data_key_id BYTEA NOT NULL, -- the patient's key, from which that of the head is made
    head BYTEA NOT NULL, -- sealed
    PRIMARY KEY (facility_id, patient_tag)
) WITH (fillfactor = 70); -- changed in place by every write
