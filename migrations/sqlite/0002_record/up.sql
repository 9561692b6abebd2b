-- Sealed versions of records, and what makes the current ones findable.
-- No foreign keys here: every write would check and lock the same facility row.

-- One version of one record; never changed, never deleted.
CREATE TABLE version (
    id INTEGER NOT NULL PRIMARY KEY,
    facility_id INTEGER NOT NULL,
    resource_type TEXT NOT NULL, -- FHIR resource type
    record_tag BLOB NOT NULL, -- the record without its name
    version INTEGER NOT NULL, -- from 1; a delete takes one too
    interaction TEXT NOT NULL, -- create, update, patch or delete
    policy_number INTEGER NOT NULL, -- policy set in force; 0 when none is valid
    time_ms INTEGER NOT NULL, -- equals meta.lastUpdated
    subject_tag BLOB, -- the patient it is sealed under, if one
    padded_size INTEGER NOT NULL, -- bytes of padded plaintext
    data_key_id BLOB NOT NULL, -- the key that opens the envelope
    envelope BLOB NOT NULL, -- the sealed content
    UNIQUE (facility_id, record_tag, version) -- also: current version, history
) STRICT;

-- References of the current version of each record, and one row with param `_id` whose
-- target is the record itself. Replaced at each version, gone after a delete.
CREATE TABLE link (
    facility_id INTEGER NOT NULL,
    record_tag BLOB NOT NULL, -- the record that refers
    version INTEGER NOT NULL, -- its current version
    resource_type TEXT NOT NULL, -- its type
    param TEXT NOT NULL, -- search parameter, such as subject
    target_tag BLOB NOT NULL, -- the record referred to
    PRIMARY KEY (facility_id, record_tag, version, param, target_tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_search
    ON link (facility_id, resource_type, param, target_tag, record_tag, version);

-- Search tokens of the current version of each record; live as long as its links.
CREATE TABLE token (
    facility_id INTEGER NOT NULL,
    record_tag BLOB NOT NULL,
    version INTEGER NOT NULL, -- the current version
    token BLOB NOT NULL, -- keyed hash of type, parameter and value
    PRIMARY KEY (facility_id, record_tag, version, token)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_search ON token (facility_id, token, record_tag, version);
