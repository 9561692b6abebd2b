-- The texts of the queries of an audit record, each sealed by itself. Records written
-- before have their one text in `audit`.
CREATE TABLE audit_query (
    facility_id INTEGER NOT NULL,
    record_tag BYTEA NOT NULL, -- the audit record
    number INTEGER NOT NULL, -- which of its texts, from 1
    data_key_id BYTEA NOT NULL, -- the key that opens the envelope
    envelope BYTEA NOT NULL, -- the sealed text
    PRIMARY KEY (facility_id, record_tag, number)
);
-- Ciphertext does not compress: do not try.
ALTER TABLE audit_query ALTER COLUMN envelope SET STORAGE EXTERNAL;
