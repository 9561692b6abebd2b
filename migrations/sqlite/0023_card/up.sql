-- The index card of the current version of each record (docs/storage-format.md, "Index
-- card"): what it is found by, sealed. Replaced at each version, gone after a delete. A row
-- that an earlier release wrote has none until the job `index` has made it.
CREATE TABLE card (
    facility_id INTEGER NOT NULL,
    record_tag BLOB NOT NULL,
    resource_type TEXT NOT NULL,
    subject_tag BLOB, -- the patient it is sealed under, if one
    version INTEGER NOT NULL, -- the current version
    index_epoch INTEGER NOT NULL, -- by whose definitions it was made
    time_ms INTEGER NOT NULL, -- of the version
    data_key_id BLOB NOT NULL, -- the key from which that of the card is made
    sealed BLOB NOT NULL, -- the card
    PRIMARY KEY (facility_id, record_tag)
) STRICT, WITHOUT ROWID;
-- All cards of a patient: those of one type, and the tag and version of each, which the
-- patient's head adds up.
CREATE INDEX card_of_patient
    ON card (facility_id, subject_tag, resource_type, record_tag, version);

-- What the cards of a patient add up to (docs/storage-format.md, "Patient head").
CREATE TABLE patient_head (
    facility_id INTEGER NOT NULL,
    patient_tag BLOB NOT NULL,
    data_key_id BLOB NOT NULL, -- the patient's key, from which that of the head is made
    head BLOB NOT NULL, -- sealed
    PRIMARY KEY (facility_id, patient_tag)
) STRICT, WITHOUT ROWID;
