-- Registries that a log was anchored at before it was moved to the one that `meta` names.
-- Numbers of anchors go on here where the new registry begins with 1: an anchor stands at
-- the registry of the smallest `last_seq` that is not below its own, or at the one of today,
-- and has there its number less the `last_seq` of the registry before.
CREATE TABLE former_registry (
    log_id INTEGER NOT NULL REFERENCES log (id),
    last_seq INTEGER NOT NULL, -- the last anchor there, by the number here
    chain_id INTEGER NOT NULL,
    address BLOB NOT NULL, -- 20 bytes
    PRIMARY KEY (log_id, last_seq)
) STRICT;
