-- Envelopes are written in format 2 from here on, which no earlier release opens; those
-- of format 1 stay as they are.
UPDATE meta SET value = '2' WHERE name = 'format';

-- Whether a record has a later leaf than its current version, while the leaf waits.
CREATE INDEX pending_leaf_record ON pending_leaf (facility_id, record_tag, version);
