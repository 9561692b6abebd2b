-- By what the anchor-service knows that a leaf was put here by who has the leaf key
-- (docs/storage-format.md, "Waiting leaves"); 16 bytes. NULL: not shown yet, so the
-- leaf gets no index. Those that waited before this release are shown by a gateway.
ALTER TABLE pending_leaf ADD COLUMN mac BLOB;

-- By what the anchor-service knows that it brought the log to its size itself; 16
-- bytes. NULL: not shown; what the log's keys signed last counts then.
ALTER TABLE log ADD COLUMN state_mac BLOB;

-- Leaves that were refused an index. They stay until somebody has looked at them.
CREATE TABLE refused_leaf (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    facility_id INTEGER NOT NULL,
    commitment BLOB NOT NULL, -- as it stood in pending_leaf, of any length
    record_tag BLOB NOT NULL, -- the same
    version INTEGER NOT NULL,
    mac BLOB, -- the same
    cause TEXT NOT NULL -- 'mac', 'twice' or 'row'
) STRICT;
CREATE INDEX refused_leaf_facility ON refused_leaf (facility_id, id);
