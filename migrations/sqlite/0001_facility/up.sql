-- What the data directory is, its facilities, their keys, policy sets and epochs.
-- Times are milliseconds since 1970-01-01T00:00:00Z. Tags and ids are 16 bytes.

-- What this database is: read before anything else at start.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY, -- product, format, log_host or created
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta (name, value) VALUES ('product', 'chartseal'), ('format', '1');

CREATE TABLE facility (
    id INTEGER NOT NULL PRIMARY KEY, -- stands for the facility in every other table
    name TEXT NOT NULL UNIQUE, -- as in URLs, origins and hashes
    created_ms INTEGER NOT NULL
) STRICT;

-- Key encryption keys, wrapped by the KMS root key of the facility.
CREATE TABLE kek (
    facility_id INTEGER NOT NULL REFERENCES facility (id),
    generation INTEGER NOT NULL, -- from 1
    wrapped BLOB NOT NULL, -- wrapped by the KMS; its form is the KMS's own
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (facility_id, generation)
) STRICT;

-- Data keys, one per scope, wrapped by a KEK. Destroying a key erases what it sealed,
-- so nothing refers to a row here by a foreign key.
CREATE TABLE data_key (
    id BLOB NOT NULL PRIMARY KEY, -- random
    facility_id INTEGER NOT NULL REFERENCES facility (id),
    scope_kind INTEGER NOT NULL, -- 1 to 8, the storage format's scope kinds
    scope_tag BLOB NOT NULL, -- zeros where the scope has no subject
    kek_generation INTEGER NOT NULL, -- the KEK that wraps it
    wrapped BLOB NOT NULL, -- nonce, ciphertext, tag: 60 bytes
    created_ms INTEGER NOT NULL,
    UNIQUE (facility_id, scope_kind, scope_tag)
) STRICT;

-- Policy sets; the newest number is in force.
CREATE TABLE policy_set (
    facility_id INTEGER NOT NULL REFERENCES facility (id),
    number INTEGER NOT NULL, -- from 1
    digest BLOB NOT NULL, -- the policy digest, 32 bytes
    schema_text TEXT NOT NULL, -- Cedar schema
    policies_text TEXT NOT NULL, -- JSON object: policy id to Cedar text
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (facility_id, number)
) STRICT;

-- How often a scope has changed; the one group of rows that is written over.
CREATE TABLE epoch (
    facility_id INTEGER NOT NULL,
    scope_tag BLOB NOT NULL, -- zeros: policies, clients, roles, keys; else a patient
    number INTEGER NOT NULL, -- a missing row is 0
    PRIMARY KEY (facility_id, scope_tag)
) STRICT, WITHOUT ROWID;
