-- The keys of a log whose key was changed, the first included. A log without rows here
-- has the one key in its own row, which its name on the chain is made of for good.
-- Those that are not retired sign; never removed, for old checkpoints are by old keys.
CREATE TABLE log_key (
    log_id INTEGER NOT NULL REFERENCES log (id),
    number INTEGER NOT NULL, -- from 1
    public_key BLOB NOT NULL, -- Ed25519, 32 bytes
    created_ms INTEGER NOT NULL,
    retired_ms INTEGER, -- since when it signs no more
    PRIMARY KEY (log_id, number),
    UNIQUE (public_key)
) STRICT;
