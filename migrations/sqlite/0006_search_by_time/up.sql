-- When the current version of each record was written, beside its `_id` link, so that
-- records can be searched and paged by time. Other links have none.

ALTER TABLE link ADD COLUMN time_ms INTEGER; -- version.time_ms, where param is `_id`
UPDATE link SET time_ms = (
    SELECT v.time_ms FROM version v
    WHERE v.facility_id = link.facility_id AND v.record_tag = link.record_tag
        AND v.version = link.version
) WHERE param = '_id';
CREATE INDEX link_time ON link (facility_id, resource_type, time_ms, record_tag, version)
    WHERE param = '_id';
