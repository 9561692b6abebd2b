-- What requests with an idempotency key were answered, so that a repetition writes
-- nothing and gets the same answer. Never changed; rows older than seven days go, a few
-- at a time, when new ones come.
CREATE TABLE answer (
    facility_id INTEGER NOT NULL,
    key_tag BYTEA NOT NULL, -- the caller and its key, without their names
    request_digest BYTEA NOT NULL, -- keyed hash of what was asked for, 32 bytes
    time_ms BIGINT NOT NULL,
    data_key_id BYTEA NOT NULL, -- the key that opens the envelope
    envelope BYTEA NOT NULL, -- the sealed answer, without the contents of records
    PRIMARY KEY (facility_id, key_tag)
);
CREATE INDEX answer_time ON answer (facility_id, time_ms);
-- Ciphertext does not compress: do not try.
ALTER TABLE answer ALTER COLUMN envelope SET STORAGE EXTERNAL;
