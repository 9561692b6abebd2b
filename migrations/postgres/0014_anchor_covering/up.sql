-- The newest final anchor that covers a leaf is found in one step. The evidence stays
-- out of the index; it is read by key.
CREATE INDEX anchor_covering ON anchor (log_id, state, size DESC, seq);
