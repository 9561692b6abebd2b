-- Sealed versions of records, and what makes the current ones findable.
-- No foreign keys here: every write would check and lock the same facility row.

-- One version of one record; never changed, never deleted.
CREATE TABLE version (
    id BIGSERIAL NOT NULL PRIMARY KEY,
    facility_id INTEGER NOT NULL,
    resource_type TEXT NOT NULL, -- FHIR resource type
    record_tag BYTEA NOT NULL, -- the record without its name
    version BIGINT NOT NULL, -- from 1; a delete takes one too
    interaction TEXT NOT NULL, -- create, update, patch or delete
    policy_number BIGINT NOT NULL, -- policy set in force; 0 when none is valid
    time_ms BIGINT NOT NULL, -- equals meta.lastUpdated
    subject_tag BYTEA, -- the patient it is sealed under, if one
    padded_size INTEGER NOT NULL, -- bytes of padded plaintext
    data_key_id BYTEA NOT NULL, -- the key that opens the envelope
    envelope BYTEA NOT NULL, -- the sealed content
    UNIQUE (facility_id, record_tag, version) -- also: current version, history
);
-- Ciphertext does not compress: do not try.
ALTER TABLE version ALTER COLUMN envelope SET STORAGE EXTERNAL;

-- References of the current version of each record, and one row with param `_id` whose
-- target is the record itself. Replaced at each version, gone after a delete.
CREATE TABLE link (
    facility_id INTEGER NOT NULL,
    record_tag BYTEA NOT NULL, -- the record that refers
    version BIGINT NOT NULL, -- its current version
    resource_type TEXT NOT NULL, -- its type
    param TEXT NOT NULL, -- search parameter, such as subject
    target_tag BYTEA NOT NULL, -- the record referred to
    PRIMARY KEY (facility_id, record_tag, version, param, target_tag)
);
CREATE INDEX link_search
    ON link (facility_id, resource_type, param, target_tag, record_tag, version);

-- Search tokens of the current version of each record; live as long as its links.
CREATE TABLE token (
    facility_id INTEGER NOT NULL,
    record_tag BYTEA NOT NULL,
    version BIGINT NOT NULL, -- the current version
    token BYTEA NOT NULL, -- keyed hash of type, parameter and value
    PRIMARY KEY (facility_id, record_tag, version, token)
);
CREATE INDEX token_search ON token (facility_id, token, record_tag, version);
