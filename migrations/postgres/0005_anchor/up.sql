-- What was posted to the ledger, and what it says about the logs.

-- Signed ledger transactions, stored before they are broadcast.
CREATE TABLE post (
    id BIGSERIAL NOT NULL PRIMARY KEY,
    chain_id BIGINT NOT NULL,
    submitter BYTEA NOT NULL, -- address of the sender, 20 bytes
    nonce BIGINT NOT NULL, -- a replacement has the nonce of what it replaces
    raw BYTEA NOT NULL, -- the signed transaction
    tx_hash BYTEA NOT NULL UNIQUE, -- 32 bytes
    state TEXT NOT NULL CHECK
        (state IN ('prepared', 'broadcast', 'mined', 'final', 'replaced', 'failed')),
    created_ms BIGINT NOT NULL,
    block_number BIGINT, -- the block that holds it, once mined
    block_hash BYTEA -- 32 bytes
);
CREATE INDEX post_state ON post (state, id);

-- One root of one log in the registry contract.
CREATE TABLE anchor (
    log_id INTEGER NOT NULL REFERENCES log (id),
    seq BIGINT NOT NULL, -- the registry's number, from 1
    size BIGINT NOT NULL,
    root BYTEA NOT NULL, -- 32 bytes
    post_id BIGINT NOT NULL REFERENCES post (id),
    state TEXT NOT NULL CHECK (state IN ('posted', 'anchored', 'finalized')),
    block_number BIGINT, -- from anchored on
    block_hash BYTEA, -- 32 bytes
    block_time_ms BIGINT, -- when finalized
    evidence BYTEA, -- header, receipt and proof
    PRIMARY KEY (log_id, seq)
);
CREATE INDEX anchor_state ON anchor (state, log_id, seq);
