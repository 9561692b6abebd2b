-- The transparency log of each facility: leaves waiting, leaves, tiles, checkpoints.

-- Commitments that have no index yet; written with the version or audit record,
-- removed in the transaction that gives them their index. Ids are never used twice.
CREATE TABLE pending_leaf (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    facility_id INTEGER NOT NULL,
    commitment BLOB NOT NULL, -- 32 bytes
    record_tag BLOB NOT NULL, -- the record or audit record it commits to
    version INTEGER NOT NULL
) STRICT;
CREATE INDEX pending_leaf_facility ON pending_leaf (facility_id, id);

CREATE TABLE log (
    id INTEGER NOT NULL PRIMARY KEY, -- stands for the log in the tables below
    facility_id INTEGER NOT NULL REFERENCES facility (id),
    epoch INTEGER NOT NULL, -- from 1; a new epoch is a new log
    origin TEXT NOT NULL UNIQUE, -- checkpoint origin, also the key name
    log_id BLOB NOT NULL UNIQUE, -- names the log on the chain, 32 bytes
    public_key BLOB NOT NULL, -- Ed25519, 32 bytes
    size INTEGER NOT NULL, -- leaves with an index; changed by compare-and-swap
    UNIQUE (facility_id, epoch)
) STRICT;

CREATE TABLE leaf (
    log_id INTEGER NOT NULL, -- log.id
    idx INTEGER NOT NULL, -- from 0
    commitment BLOB NOT NULL, -- 32 bytes
    record_tag BLOB NOT NULL, -- what it commits to
    version INTEGER NOT NULL,
    PRIMARY KEY (log_id, idx)
) STRICT, WITHOUT ROWID;
CREATE INDEX leaf_record ON leaf (log_id, record_tag, version);

-- Merkle tiles (C2SP tlog-tiles). The right edge is replaced by wider tiles.
CREATE TABLE tile (
    log_id INTEGER NOT NULL, -- log.id
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    hashes BLOB NOT NULL, -- 1 to 256 hashes of 32 bytes
    PRIMARY KEY (log_id, level, idx)
) STRICT;

-- Signed checkpoints.
CREATE TABLE checkpoint (
    log_id INTEGER NOT NULL REFERENCES log (id),
    size INTEGER NOT NULL,
    root BLOB NOT NULL, -- 32 bytes
    time_ms INTEGER NOT NULL,
    note TEXT NOT NULL, -- the signed note, byte for byte
    PRIMARY KEY (log_id, size)
) STRICT;
