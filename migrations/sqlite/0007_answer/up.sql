-- What requests with an idempotency key were answered, so that a repetition writes
-- nothing and gets the same answer. Never changed; rows older than seven days go, a few
-- at a time, when new ones come.
CREATE TABLE answer (
    facility_id INTEGER NOT NULL,
    key_tag BLOB NOT NULL, -- the caller and its key, without their names
    request_digest BLOB NOT NULL, -- keyed hash of what was asked for, 32 bytes
    time_ms INTEGER NOT NULL,
    data_key_id BLOB NOT NULL, -- the key that opens the envelope
    envelope BLOB NOT NULL, -- the sealed answer, without the contents of records
    PRIMARY KEY (facility_id, key_tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_time ON answer (facility_id, time_ms);
