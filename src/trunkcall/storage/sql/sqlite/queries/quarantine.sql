-- Contacts that are set aside, and how they are mended.

-- set_aside --
INSERT INTO quarantine (sequence, campaign_key, damage, waiting)
VALUES (:sequence, :campaign_key, :damage, :waiting)
ON CONFLICT DO NOTHING;

-- set_aside_as_it_stands --
-- Where no index was asked: one that waits, or cannot tell its state and was never attempted, is counted as waiting.
INSERT INTO quarantine (sequence, campaign_key, damage, waiting)
SELECT sequence, (SELECT campaign_key FROM campaign WHERE campaign.campaign_key = contact.campaign_key), :damage,
    coalesce(
        state = 'Waiting' OR (attempted_at IS NULL AND state NOT IN (SELECT value FROM json_each(:states))),
        attempted_at IS NULL
    )
FROM contact WHERE sequence = :sequence
ON CONFLICT DO NOTHING;

-- quarantined --
SELECT quarantine.sequence, contact_id, campaign_id, damage, contact.state, waiting
FROM quarantine LEFT JOIN contact USING (sequence)
    LEFT JOIN campaign ON campaign.campaign_key = quarantine.campaign_key
WHERE :campaign_id IS NULL OR campaign_id = :campaign_id
ORDER BY quarantine.sequence;

-- count_quarantined --
SELECT count(*) AS contacts
FROM quarantine LEFT JOIN campaign ON campaign.campaign_key = quarantine.campaign_key
WHERE :instance_id IS NULL OR campaign.instance_id IS NULL OR campaign.instance_id = :instance_id;

-- quarantined_sequences --
-- Of :sequences, a JSON array.
SELECT sequence FROM quarantine WHERE sequence IN (SELECT value FROM json_each(:sequences));

-- try_contact --
-- Whether the row lets itself be changed at all: all columns have their types, and those that must have a value have one.
UPDATE contact
SET accepted_at = accepted_at, expires_at = expires_at, updated_at = updated_at, attempts = attempts,
    abandoned = abandoned, due_at = due_at
WHERE contact_id = :contact_id;

-- contact_as_it_stands --
SELECT sequence, state, sequence IN (SELECT sequence FROM quarantine) AS set_aside
FROM contact WHERE contact_id = :contact_id;

-- sequence_of_contact --
SELECT sequence FROM contact WHERE contact_id = :contact_id;

-- release --
DELETE FROM quarantine WHERE sequence = :sequence;

-- whole_contact --
SELECT contact.*, quarantine.campaign_key AS campaign_key_of_index
FROM contact LEFT JOIN quarantine USING (sequence) WHERE sequence = :sequence;

-- mend_contact --
UPDATE contact
SET contact_id = :contact_id, campaign_key = :campaign_key, client_token = :client_token, phone_number = :phone_number,
    attributes = :attributes, state = :state, accepted_at = :accepted_at, expires_at = :expires_at,
    updated_at = :updated_at, attempts = :attempts, leg_id = :leg_id, source_phone_number = :source_phone_number,
    attempted_at = :attempted_at, ring_started_at = :ring_started_at, answered_at = :answered_at,
    detection = :detection, greeting_started_at = :greeting_started_at, greeting_ended_at = :greeting_ended_at,
    queue_id = :queue_id, queued_at = :queued_at, agent_id = :agent_id, connected_to_agent_at = :connected_to_agent_at,
    abandoned = :abandoned, ended_at = :ended_at, disposition = :disposition, disconnect_reason = :disconnect_reason,
    after_contact_work_ended_at = :after_contact_work_ended_at, agent_leg_id = :agent_leg_id, seal = :seal,
    due_at = :due_at, previous_contact_id = :previous_contact_id, trunk_id = :trunk_id,
    safe_harbour_at = :safe_harbour_at, time_zone = :time_zone, hold = :hold, asked_due_at = :asked_due_at,
    clearance = :clearance, agent_disposition = :agent_disposition, recordings = :recordings,
    recordings_deleted_at = :recordings_deleted_at,
    customer_holds = :customer_holds, flow_progress = NULL, flow_trail = :flow_trail, flow_attributes = :flow_attributes
WHERE sequence = :sequence;

-- contact_id_in_index --
SELECT contact_id FROM contact INDEXED BY sqlite_autoindex_contact_1 WHERE contact_id >= '' AND +sequence = :sequence;

-- client_token_in_index --
SELECT client_token FROM contact INDEXED BY sqlite_autoindex_contact_2
WHERE campaign_key >= 0 AND +sequence = :sequence;

-- campaign_in_index --
SELECT campaign_key FROM contact INDEXED BY sqlite_autoindex_contact_2
WHERE campaign_key >= 0 AND +sequence = :sequence;

-- contacts_of_no_campaign --
SELECT sequence FROM contact NOT INDEXED
WHERE NOT EXISTS (SELECT 1 FROM campaign WHERE campaign.campaign_key = contact.campaign_key);

-- restore_campaign --
UPDATE OR IGNORE contact SET campaign_key = :campaign_key WHERE sequence = :sequence;

-- campaign_of_key --
SELECT 1 AS found FROM campaign WHERE campaign_key = :campaign_key;

-- tokens_elsewhere --
-- Of :sequences, a JSON array, those whose client token does not lead to them.
SELECT sequence FROM contact AS this
WHERE sequence IN (SELECT value FROM json_each(:sequences)) AND NOT EXISTS (
    SELECT 1 FROM contact INDEXED BY sqlite_autoindex_contact_2
    WHERE campaign_key = this.campaign_key AND client_token IS this.client_token AND contact.sequence = this.sequence
);

-- restore_token --
UPDATE contact SET client_token = :client_token, campaign_key = :campaign_key WHERE sequence = :sequence;

-- set_aside_misplaced --
INSERT INTO quarantine (sequence, campaign_key, damage, waiting)
SELECT found.sequence, found.campaign_key, :damage, 1
FROM (
    SELECT sequence, campaign_key, due_at FROM contact INDEXED BY contact_waiting WHERE state = 'Waiting' LIMIT -1
) AS found
CROSS JOIN contact ON contact.sequence = found.sequence
WHERE contact.campaign_key <> found.campaign_key OR contact.state <> 'Waiting' OR contact.due_at IS NOT found.due_at
ON CONFLICT DO NOTHING;

-- let_indexes_differ --
PRAGMA writable_schema = ON;

-- let_no_indexes_differ --
PRAGMA writable_schema = OFF;

-- reindex_contacts --
REINDEX contact;

-- campaign_keys --
SELECT campaign_key FROM backlog;

-- clear_dispositions --
DELETE FROM disposition_count WHERE campaign_key = :campaign_key;

-- recount_dispositions --
INSERT INTO disposition_count (campaign_key, disposition, contacts)
SELECT campaign_key, disposition, count(*) FROM contact
WHERE campaign_key = :campaign_key AND typeof(disposition) = 'text' GROUP BY disposition;

-- recount_backlog --
UPDATE backlog
SET waiting = (SELECT count(*) FROM contact WHERE contact.campaign_key = :campaign_key AND state = 'Waiting'),
    accepted = (SELECT count(*) FROM contact WHERE contact.campaign_key = :campaign_key)
WHERE campaign_key = :campaign_key;
