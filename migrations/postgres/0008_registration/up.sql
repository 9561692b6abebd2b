-- Who is registered, and the changes that administrators propose and decide.

-- Clients and administrators of a facility. Never changed: the newest number of a tag
-- counts. What a row says in clear is sealed with it too.
CREATE TABLE registration (
    facility_id INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('client', 'administrator')),
    tag BYTEA NOT NULL, -- the client tag or the user tag
    number BIGINT NOT NULL, -- from 1
    state TEXT NOT NULL CHECK (state IN ('active', 'revoked')),
    data_key_id BYTEA NOT NULL, -- the key that opens the envelope
    envelope BYTEA NOT NULL, -- the sealed registration
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (facility_id, kind, tag, number)
);

-- What an administrator proposed; it takes effect when another approves it.
CREATE TABLE change (
    facility_id INTEGER NOT NULL,
    id BYTEA NOT NULL, -- random
    name TEXT NOT NULL, -- such as client-register
    proposer_tag BYTEA NOT NULL, -- the user tag of who proposed it
    created_ms BIGINT NOT NULL,
    data_key_id BYTEA NOT NULL, -- the key that opens the envelope
    envelope BYTEA NOT NULL, -- the sealed proposal
    PRIMARY KEY (facility_id, id)
);
CREATE INDEX change_time ON change (facility_id, created_ms, id);

-- How a change was decided, once and for all.
CREATE TABLE change_decision (
    facility_id INTEGER NOT NULL,
    change_id BYTEA NOT NULL, -- change.id
    decision TEXT NOT NULL CHECK (decision IN ('approved', 'rejected', 'withdrawn')),
    decider_tag BYTEA NOT NULL, -- the user tag of who decided
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (facility_id, change_id)
);
-- Ciphertext does not compress: do not try.
ALTER TABLE registration ALTER COLUMN envelope SET STORAGE EXTERNAL;
ALTER TABLE change ALTER COLUMN envelope SET STORAGE EXTERNAL;
