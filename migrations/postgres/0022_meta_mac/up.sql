-- By what is known that the rows `registry` and `log_host` were put here by who has the
-- leaf key (docs/storage-format.md, "Rows of meta"); 16 bytes. That of `registry` is over
-- the rows of former_registry too. Other rows have none.
-- NULL: written by an earlier release; decides nothing until it was taken over.
ALTER TABLE meta ADD COLUMN mac BYTEA;
