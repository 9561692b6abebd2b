-- By what is known that the log and its keys were put here by who has the leaf key
-- (docs/storage-format.md, "Keys of logs"); 16 bytes, over the row and those of log_key.
-- NULL: written by an earlier release; nothing is signed until the keys were adopted.
ALTER TABLE log ADD COLUMN keys_mac BLOB;
