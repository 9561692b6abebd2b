-- What the database is, its facilities, their keys, policy sets and epochs.
-- Times are milliseconds since 1970-01-01T00:00:00Z. Tags and ids are 16 bytes.

-- What this database is: read before anything else at start.
CREATE TABLE meta (
    name TEXT NOT NULL PRIMARY KEY, -- product, format, log_host or created
    value TEXT NOT NULL
);
INSERT INTO meta (name, value) VALUES ('product', 'chartseal'), ('format', '1');

-- Locks that transactions take by name before they begin; only here, because SQLite
-- has one writer. Rows and not advisory locks: these work on engines that speak
-- PostgreSQL's protocol without being it.
CREATE TABLE lock_bucket (
    bucket INTEGER NOT NULL PRIMARY KEY -- 0 to 1023, a hash of what is locked
);
INSERT INTO lock_bucket (bucket) SELECT generate_series(0, 1023);

CREATE TABLE facility (
    id SERIAL NOT NULL PRIMARY KEY, -- stands for the facility in every other table
    name TEXT NOT NULL UNIQUE, -- as in URLs, origins and hashes
    created_ms BIGINT NOT NULL
);

-- Key encryption keys, wrapped by the KMS root key of the facility.
CREATE TABLE kek (
    facility_id INTEGER NOT NULL REFERENCES facility (id),
    generation BIGINT NOT NULL, -- from 1
    wrapped BYTEA NOT NULL, -- wrapped by the KMS; its form is the KMS's own
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (facility_id, generation)
);

-- Data keys, one per scope, wrapped by a KEK. Destroying a key erases what it sealed,
-- so nothing refers to a row here by a foreign key.
CREATE TABLE data_key (
    id BYTEA NOT NULL PRIMARY KEY, -- random
    facility_id INTEGER NOT NULL REFERENCES facility (id),
    scope_kind SMALLINT NOT NULL, -- 1 to 8, the storage format's scope kinds
    scope_tag BYTEA NOT NULL, -- zeros where the scope has no subject
    kek_generation BIGINT NOT NULL, -- the KEK that wraps it
    wrapped BYTEA NOT NULL, -- nonce, ciphertext, tag: 60 bytes
    created_ms BIGINT NOT NULL,
    UNIQUE (facility_id, scope_kind, scope_tag)
);

-- Policy sets; the newest number is in force.
CREATE TABLE policy_set (
    facility_id INTEGER NOT NULL REFERENCES facility (id),
    number BIGINT NOT NULL, -- from 1
    digest BYTEA NOT NULL, -- the policy digest, 32 bytes
    schema_text TEXT NOT NULL, -- Cedar schema
    policies_text TEXT NOT NULL, -- JSON object: policy id to Cedar text
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (facility_id, number)
);

-- How often a scope has changed; the one group of rows that is written over.
CREATE TABLE epoch (
    facility_id INTEGER NOT NULL,
    scope_tag BYTEA NOT NULL, -- zeros: policies, clients, roles, keys; else a patient
    number BIGINT NOT NULL, -- a missing row is 0
    PRIMARY KEY (facility_id, scope_tag)
);
