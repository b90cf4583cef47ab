-- What a write transaction knows of campaigns, and the numbers and counts that it writes before it is committed.

-- campaign_head --
-- What a transaction needs to know of a campaign before it touches the campaign's contacts.
SELECT campaign_key, instance_id, state, deleted_at IS NOT NULL AS deleted, version, waiting
FROM campaign LEFT JOIN backlog USING (campaign_key) WHERE campaign_id = :campaign_id;

-- contact_sequence --
SELECT value FROM counter WHERE name = 'contact_sequence';

-- set_contact_sequence --
UPDATE counter SET value = :value WHERE name = 'contact_sequence';

-- add_to_backlog --
-- A count that the disk has changed, here or below, refuses nothing: it is wrong, and a check says so.
UPDATE backlog
SET accepted = iif(typeof(accepted) = 'integer', accepted, 0) + :accepted,
    waiting = max(0, iif(typeof(waiting) = 'integer', waiting, 0) + :waiting)
WHERE campaign_key = :campaign_key;

-- add_to_dispositions --
INSERT INTO disposition_count (campaign_key, disposition, contacts) VALUES (:campaign_key, :disposition, :contacts)
ON CONFLICT (campaign_key, disposition) DO UPDATE
SET contacts = iif(typeof(contacts) = 'integer', contacts, 0) + excluded.contacts;
