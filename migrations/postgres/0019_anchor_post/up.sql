-- Which anchors a transaction carries: asked when old anchors are thinned, so that a
-- transaction goes with the last of them.
CREATE INDEX anchor_post ON anchor (post_id);
