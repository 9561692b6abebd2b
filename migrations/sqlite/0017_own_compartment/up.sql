-- A link `patient` of each current version to the patient that it is sealed under,
-- whatever it is that names the patient: a patient's search asks for these alone.
INSERT INTO link (facility_id, record_tag, version, resource_type, param, target_tag)
SELECT l.facility_id, l.record_tag, l.version, l.resource_type, 'patient', v.subject_tag
FROM link l JOIN version v ON v.facility_id = l.facility_id
    AND v.record_tag = l.record_tag AND v.version = l.version
WHERE l.param = '_id' AND v.subject_tag IS NOT NULL
ON CONFLICT DO NOTHING;
