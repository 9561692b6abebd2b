-- Which anchor-service works over this database; the others wait. One row, changed by
-- compare-and-swap. It only keeps them out of each other's way: that a log has one
-- history rests on the size in its row, which is swapped where leaves get their index.
CREATE TABLE anchor_lease (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    holder BLOB NOT NULL, -- 16 random bytes of the process
    name TEXT NOT NULL, -- of its machine, for people
    until_ms INTEGER NOT NULL -- by the holder's clock; 0 when given back
) STRICT;
