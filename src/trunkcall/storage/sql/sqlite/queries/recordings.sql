-- Which contacts have recordings that are kept. Every query goes by the index contact_recorded, so its condition is in each.

-- recorded --
SELECT sequence, contact_id, campaign_id, ended_at, recordings
FROM contact INDEXED BY contact_recorded JOIN campaign USING (campaign_key)
WHERE recordings IS NOT NULL AND recordings_deleted_at IS NULL
    AND (ended_at, sequence) > (:ended_at, :sequence) AND ended_at IS NOT NULL AND instance_id = :instance_id
    AND (:campaign_id IS NULL OR campaign_id = :campaign_id)
ORDER BY ended_at, sequence LIMIT :limit;

-- recorded_of_number --
SELECT sequence, contact_id, campaign_id, coalesce(ended_at, 0) AS ended_at, recordings
FROM contact INDEXED BY contact_recorded JOIN campaign USING (campaign_key)
WHERE recordings IS NOT NULL AND recordings_deleted_at IS NULL AND phone_number = :phone_number;

-- recorded_and_erased --
SELECT sequence, contact_id, campaign_id, ended_at, recordings
FROM contact INDEXED BY contact_recorded JOIN campaign USING (campaign_key)
WHERE recordings IS NOT NULL AND recordings_deleted_at IS NULL
    AND ended_at IS NOT NULL AND phone_number = '' AND instance_id = :instance_id
LIMIT :limit;

-- note_deleted_recordings --
UPDATE contact SET recordings_deleted_at = :at
WHERE sequence IN (SELECT value FROM json_each(:sequences)) AND state = 'Ended' AND recordings IS NOT NULL;
