-- All versions of a type by the time at which they were written, for the histories of types
-- and of all records. The subject is in it so that a history of one patient touches no row
-- of another.
CREATE INDEX version_time
    ON version (facility_id, resource_type, time_ms, record_tag, version, subject_tag);
