-- What decides is sealed, and every change of it has a statement with a leaf.

-- The sets of version 0.1, in clear. They decide nothing: they wait to be taken over,
-- which seals each of them and takes it away from here.
ALTER TABLE policy_set RENAME TO policy_set_in_clear;
ALTER TABLE policy_set_in_clear RENAME CONSTRAINT policy_set_pkey TO policy_set_in_clear_pkey;

-- Policy sets; the newest number is in force, when its statement says so too.
CREATE TABLE policy_set (
    facility_id INTEGER NOT NULL REFERENCES facility (id),
    number BIGINT NOT NULL, -- from 1
    data_key_id BYTEA NOT NULL, -- the key that opens the envelope
    envelope BYTEA NOT NULL, -- the sealed schema and policies
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (facility_id, number)
);

-- Statements about the facility itself. Never changed, never deleted.
CREATE TABLE statement (
    facility_id INTEGER NOT NULL REFERENCES facility (id),
    kind TEXT NOT NULL CHECK (kind IN ('policy', 'registration', 'change', 'decision', 'continues')),
    number BIGINT NOT NULL, -- from 1 for each kind, without gaps
    record_tag BYTEA NOT NULL, -- tag of kind and number, by which its leaf names it
    data_key_id BYTEA NOT NULL, -- the key that opens the envelope
    envelope BYTEA NOT NULL, -- the sealed statement
    created_ms BIGINT NOT NULL, -- the time that it states
    PRIMARY KEY (facility_id, kind, number),
    UNIQUE (facility_id, record_tag)
);

-- A third kind of registration: what a facility says of itself.
ALTER TABLE registration DROP CONSTRAINT registration_kind_check;
ALTER TABLE registration ADD CONSTRAINT registration_kind_check
    CHECK (kind IN ('client', 'administrator', 'facility'));

-- Decisions are sealed; those of version 0.1 have no envelope until they are taken over.
ALTER TABLE change_decision ADD COLUMN data_key_id BYTEA; -- the key that opens the envelope
ALTER TABLE change_decision ADD COLUMN envelope BYTEA; -- the sealed decision
-- Ciphertext does not compress: do not try.
ALTER TABLE policy_set ALTER COLUMN envelope SET STORAGE EXTERNAL;
ALTER TABLE statement ALTER COLUMN envelope SET STORAGE EXTERNAL;
ALTER TABLE change_decision ALTER COLUMN envelope SET STORAGE EXTERNAL;
