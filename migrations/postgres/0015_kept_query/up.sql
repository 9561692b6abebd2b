-- The query of a search that is too long for its next link, which then holds this tag.
-- Never changed; rows older than an hour are not read, and go, a few at a time, when
-- new ones come.
CREATE TABLE kept_query (
    facility_id INTEGER NOT NULL,
    tag BYTEA NOT NULL, -- keyed, of user, half hour and query
    time_ms BIGINT NOT NULL,
    data_key_id BYTEA NOT NULL, -- the key that opens the envelope
    envelope BYTEA NOT NULL, -- the sealed query
    PRIMARY KEY (facility_id, tag)
);
CREATE INDEX kept_query_time ON kept_query (facility_id, time_ms);
-- Ciphertext does not compress: do not try.
ALTER TABLE kept_query ALTER COLUMN envelope SET STORAGE EXTERNAL;

-- The URLs under which the gateway is or was reached: a reference that begins with one
-- of them names a record of the facility. Rows are never changed and never go.
CREATE TABLE own_url (
    facility_id INTEGER NOT NULL,
    number BIGINT NOT NULL, -- from 1, without gaps
    time_ms BIGINT NOT NULL,
    data_key_id BYTEA NOT NULL, -- the key that opens the envelope
    envelope BYTEA NOT NULL, -- the sealed URL
    PRIMARY KEY (facility_id, number)
);
