-- By what the anchor-service knows that a leaf was put here by who has the leaf key
-- (docs/storage-format.md, "Waiting leaves"); 16 bytes. NULL: not shown yet, so the
-- leaf gets no index. Those that waited before this release are shown by a gateway.
ALTER TABLE pending_leaf ADD COLUMN mac BYTEA;

-- By what the anchor-service knows that it brought the log to its size itself; 16
-- bytes. NULL: not shown; what the log's keys signed last counts then.
ALTER TABLE log ADD COLUMN state_mac BYTEA;

-- Leaves that were refused an index. They stay until somebody has looked at them.
CREATE TABLE refused_leaf (
    id BIGSERIAL NOT NULL PRIMARY KEY,
    facility_id INTEGER NOT NULL,
    commitment BYTEA NOT NULL, -- as it stood in pending_leaf, of any length
    record_tag BYTEA NOT NULL, -- the same
    version BIGINT NOT NULL,
    mac BYTEA, -- the same
    cause TEXT NOT NULL -- 'mac', 'twice' or 'row'
);
CREATE INDEX refused_leaf_facility ON refused_leaf (facility_id, id);
