-- The query of a search that is too long for its next link, which then holds this tag.
-- Never changed; rows older than an hour are not read, and go, a few at a time, when
-- new ones come.
CREATE TABLE kept_query (
    facility_id INTEGER NOT NULL,
    tag BLOB NOT NULL, -- keyed, of user, half hour and query
    time_ms INTEGER NOT NULL,
    data_key_id BLOB NOT NULL, -- the key that opens the envelope
    envelope BLOB NOT NULL, -- the sealed query
    PRIMARY KEY (facility_id, tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_query_time ON kept_query (facility_id, time_ms);

-- The URLs under which the gateway is or was reached: a reference that begins with one
-- of them names a record of the facility. Rows are never changed and never go.
CREATE TABLE own_url (
    facility_id INTEGER NOT NULL,
    number INTEGER NOT NULL, -- from 1, without gaps
    time_ms INTEGER NOT NULL,
    data_key_id BLOB NOT NULL, -- the key that opens the envelope
    envelope BLOB NOT NULL, -- the sealed URL
    PRIMARY KEY (facility_id, number)
) STRICT, WITHOUT ROWID;
