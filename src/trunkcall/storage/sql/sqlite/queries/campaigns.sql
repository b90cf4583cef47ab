-- Campaigns.

-- campaign_version_counter --
SELECT value FROM counter WHERE name = 'campaign_version';

-- set_campaign_version_counter --
UPDATE counter SET value = :value WHERE name = 'campaign_version';

-- insert_campaign --
-- A trigger adds its backlog and counts it. A namesake that was not deleted adds nothing.
INSERT INTO campaign (
    campaign_id, arn, instance_id, name, dialer_type, bandwidth_allocation, dialing_capacity, contact_flow_id, queue_id,
    source_phone_number, detection_enabled, detection_await_prompt, state, created_at, tags, deleted_at, version
) VALUES (
    :campaign_id, :arn, :instance_id, :name, :dialer_type, :bandwidth_allocation, :dialing_capacity, :contact_flow_id,
    :queue_id, :source_phone_number, :detection_enabled, :detection_await_prompt, :state, :created_at, :tags,
    :deleted_at, :version
)
ON CONFLICT (instance_id, name) WHERE deleted_at IS NULL DO NOTHING;

-- campaign_version --
-- The hot path of every request: a campaign decoded earlier at this version is still right.
SELECT version FROM campaign WHERE campaign_id = :campaign_id AND deleted_at IS NULL;

-- campaign --
SELECT * FROM campaign WHERE campaign_id = :campaign_id;

-- campaign_of_name --
SELECT campaign_id FROM campaign WHERE instance_id = :instance_id AND name = :name AND deleted_at IS NULL;

-- campaigns --
SELECT * FROM campaign
WHERE deleted_at IS NULL AND (created_at, campaign_id) > (:after_at, :after_id)
ORDER BY created_at, campaign_id LIMIT :limit;

-- campaigns_of_instance --
SELECT * FROM campaign
WHERE deleted_at IS NULL AND instance_id = :instance_id AND (created_at, campaign_id) > (:after_at, :after_id)
ORDER BY created_at, campaign_id LIMIT :limit;

-- campaigns_changed --
SELECT * FROM campaign INDEXED BY campaign_by_version
WHERE instance_id = :instance_id AND version > :after_version AND state <> 'Initialized' ORDER BY version;

-- every_campaign --
SELECT * FROM campaign WHERE deleted_at IS NULL OR state <> 'Initialized' ORDER BY created_at, campaign_id;

-- campaigns_in_instance --
SELECT campaigns FROM instance WHERE instance_id = :instance_id;

-- running_in_instance --
SELECT count(*) AS campaigns FROM campaign INDEXED BY campaign_running
WHERE instance_id = :instance_id AND state = 'Running';

-- edit_campaign --
UPDATE campaign
SET name = :name, dialer_type = :dialer_type, bandwidth_allocation = :bandwidth_allocation,
    dialing_capacity = :dialing_capacity, contact_flow_id = :contact_flow_id, queue_id = :queue_id,
    source_phone_number = :source_phone_number, detection_enabled = :detection_enabled,
    detection_await_prompt = :detection_await_prompt, tags = :tags, version = :version
WHERE campaign_key = :campaign_key;

-- set_campaign_state --
UPDATE campaign SET state = :state, version = :version WHERE campaign_key = :campaign_key;

-- set_campaign_deleted --
UPDATE campaign SET state = :state, deleted_at = :deleted_at, version = :version
WHERE campaign_key = :campaign_key;
