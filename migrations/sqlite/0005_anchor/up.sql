-- What was posted to the ledger, and what it says about the logs.

-- Signed ledger transactions, stored before they are broadcast.
CREATE TABLE post (
    id INTEGER NOT NULL PRIMARY KEY,
    chain_id INTEGER NOT NULL,
    submitter BLOB NOT NULL, -- address of the sender, 20 bytes
    nonce INTEGER NOT NULL, -- a replacement has the nonce of what it replaces
    raw BLOB NOT NULL, -- the signed transaction
    tx_hash BLOB NOT NULL UNIQUE, -- 32 bytes
    state TEXT NOT NULL CHECK
        (state IN ('prepared', 'broadcast', 'mined', 'final', 'replaced', 'failed')),
    created_ms INTEGER NOT NULL,
    block_number INTEGER, -- the block that holds it, once mined
    block_hash BLOB -- 32 bytes
) STRICT;
CREATE INDEX post_state ON post (state, id);

-- One root of one log in the registry contract.
CREATE TABLE anchor (
    log_id INTEGER NOT NULL REFERENCES log (id),
    seq INTEGER NOT NULL, -- the registry's number, from 1
    size INTEGER NOT NULL,
    root BLOB NOT NULL, -- 32 bytes
    post_id INTEGER NOT NULL REFERENCES post (id),
    state TEXT NOT NULL CHECK (state IN ('posted', 'anchored', 'finalized')),
    block_number INTEGER, -- from anchored on
    block_hash BLOB, -- 32 bytes
    block_time_ms INTEGER, -- when finalized
    evidence BLOB, -- header, receipt and proof
    PRIMARY KEY (log_id, seq)
) STRICT;
CREATE INDEX anchor_state ON anchor (state, log_id, seq);
