-- What decides is sealed, and every change of it has a statement with a leaf.

-- The sets of version 0.1, in clear. They decide nothing: they wait to be taken over,
-- which seals each of them and takes it away from here.
ALTER TABLE policy_set RENAME TO policy_set_in_clear;

-- Policy sets; the newest number is in force, when its statement says so too.
CREATE TABLE policy_set (
    facility_id INTEGER NOT NULL REFERENCES facility (id),
    number INTEGER NOT NULL, -- from 1
    data_key_id BLOB NOT NULL, -- the key that opens the envelope
    envelope BLOB NOT NULL, -- the sealed schema and policies
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (facility_id, number)
) STRICT;

-- Statements about the facility itself. Never changed, never deleted.
CREATE TABLE statement (
    facility_id INTEGER NOT NULL REFERENCES facility (id),
    kind TEXT NOT NULL CHECK (kind IN ('policy', 'registration', 'change', 'decision', 'continues')),
    number INTEGER NOT NULL, -- from 1 for each kind, without gaps
    record_tag BLOB NOT NULL, -- tag of kind and number, by which its leaf names it
    data_key_id BLOB NOT NULL, -- the key that opens the envelope
    envelope BLOB NOT NULL, -- the sealed statement
    created_ms INTEGER NOT NULL, -- the time that it states
    PRIMARY KEY (facility_id, kind, number),
    UNIQUE (facility_id, record_tag)
) STRICT;

-- A third kind of registration: what a facility says of itself.
ALTER TABLE registration RENAME TO registration_before;
CREATE TABLE registration (
    facility_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('client', 'administrator', 'facility')),
    tag BLOB NOT NULL, -- stands for whom or what is registered
    number INTEGER NOT NULL, -- from 1
    state TEXT NOT NULL CHECK (state IN ('active', 'revoked')),
    data_key_id BLOB NOT NULL, -- the key that opens the envelope
    envelope BLOB NOT NULL, -- the sealed registration
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (facility_id, kind, tag, number)
) STRICT, WITHOUT ROWID;
INSERT INTO registration SELECT * FROM registration_before;
DROP TABLE registration_before;

-- Decisions are sealed; those of version 0.1 have no envelope until they are taken over.
ALTER TABLE change_decision ADD COLUMN data_key_id BLOB; -- the key that opens the envelope
ALTER TABLE change_decision ADD COLUMN envelope BLOB; -- the sealed decision
