-- Long jobs of a facility: which process works at one, and how far it has come. The lease
-- stands in clear, for order and not for safety: one that ends too late counts for
-- nothing. What decides is sealed; a row that does not open is a fault, and the job begins anew.
CREATE TABLE job (
    facility_id INTEGER NOT NULL,
    kind TEXT NOT NULL, -- such as sweep
    holder BLOB NOT NULL, -- 16 random bytes of the process
    until_ms INTEGER NOT NULL, -- by the holder's clock; 0 when given back
    time_ms INTEGER NOT NULL, -- when the progress was sealed
    data_key_id BLOB NOT NULL, -- the key that opens the envelope
    envelope BLOB NOT NULL, -- the sealed progress
    PRIMARY KEY (facility_id, kind)
) STRICT, WITHOUT ROWID;
