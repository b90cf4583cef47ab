-- Every statement of the SQLite store, each under a header `-- name --`. Parameters and columns have names.
-- INDEXED BY stands where another plan would read a whole campaign: SQLite then refuses instead of getting slow.
-- States in braces are put in from the domain's tables (sqlite_states.py): whatever changes a state is guarded by those
-- from which it may, and writes the one that follows. A state that is spelled out is what a partial index is of, or read.

-- Directory -------------------------------------------------------------------------------------------------------

-- instance_exists --
SELECT 1 AS found FROM instance WHERE instance_id = :instance_id;

-- instances --
SELECT * FROM instance ORDER BY created_at, instance_id;

-- instance --
SELECT * FROM instance WHERE instance_id = :instance_id;

-- fact_version --
-- With the instance, all that a directory is made of but the facts themselves: as long as it is the same, so are they.
SELECT *, (SELECT value FROM counter WHERE name = 'fact_version') AS fact_version
FROM instance WHERE instance_id = :instance_id;

-- facts --
SELECT kind, id, name, version, document, deleted_at
FROM fact WHERE instance_id = :instance_id AND deleted_at IS NULL ORDER BY rowid;

-- facts_changed --
SELECT kind, id, name, version, document, deleted_at
FROM fact INDEXED BY fact_by_version
WHERE instance_id = :instance_id AND version > :after_version ORDER BY version;

-- facts_of_ids --
-- :ids are a JSON array, and :names in the next one.
SELECT kind, fact.id, name, version, document, deleted_at
FROM json_each(:ids) AS wanted CROSS JOIN fact ON fact.id = wanted.value
WHERE instance_id = :instance_id AND kind = :kind;

-- facts_of_names --
SELECT kind, fact.id, name, version, document, deleted_at
FROM json_each(:names) AS wanted CROSS JOIN fact INDEXED BY fact_by_name ON name = wanted.value
WHERE instance_id = :instance_id AND kind = :kind AND deleted_at IS NULL;

-- insert_instance --
INSERT INTO instance (instance_id, alias, created_at, onboarded)
VALUES (:instance_id, :alias, :created_at, :onboarded);

-- set_retention --
UPDATE instance SET retention_days = :days WHERE instance_id = :instance_id;

-- set_onboarded --
UPDATE instance SET onboarded = 1, encryption_enabled = job.encryption_enabled,
    encryption_type = job.encryption_type, encryption_key_arn = job.encryption_key_arn
FROM onboarding_job AS job
WHERE instance.instance_id = :instance_id AND job.instance_id = :instance_id;

-- set_offboarded --
UPDATE instance SET onboarded = 0, encryption_enabled = 0, encryption_type = NULL, encryption_key_arn = NULL
WHERE instance_id = :instance_id;

-- onboarding_job --
SELECT * FROM onboarding_job WHERE instance_id = :instance_id;

-- onboarding_in_progress --
SELECT * FROM onboarding_job WHERE status = 'IN_PROGRESS' ORDER BY started_at;

-- put_onboarding_job --
INSERT OR REPLACE INTO onboarding_job (
    instance_id, status, encryption_enabled, encryption_type, encryption_key_arn, started_at, failure
) VALUES (
    :instance_id, :status, :encryption_enabled, :encryption_type, :encryption_key_arn, :started_at, :failure
);

-- finish_onboarding_job --
UPDATE onboarding_job SET status = :status, failure = :failure
WHERE instance_id = :instance_id AND status = 'IN_PROGRESS';

-- delete_onboarding_job --
DELETE FROM onboarding_job WHERE instance_id = :instance_id;

-- fact_version_counter --
SELECT value FROM counter WHERE name = 'fact_version';

-- set_fact_version_counter --
UPDATE counter SET value = :version WHERE name = 'fact_version';

-- put_fact --
-- One that was removed comes back, at its old place.
INSERT INTO fact (instance_id, kind, id, name, version, document)
VALUES (:instance_id, :kind, :id, :name, :version, :document)
ON CONFLICT (instance_id, kind, id) DO UPDATE
SET name = excluded.name, version = excluded.version, document = excluded.document, deleted_at = NULL;

-- remove_fact --
UPDATE fact SET deleted_at = :at, version = :version
WHERE instance_id = :instance_id AND kind = :kind AND id = :id AND deleted_at IS NULL;

-- put_access_key --
INSERT INTO access_key (access_key_id, encrypted_secret, policy, created_at, revoked_at)
VALUES (:access_key_id, :encrypted_secret, :policy, :created_at, :revoked_at)
ON CONFLICT (access_key_id) DO UPDATE
SET encrypted_secret = excluded.encrypted_secret, policy = excluded.policy, created_at = excluded.created_at,
    revoked_at = excluded.revoked_at;

-- access_key --
SELECT * FROM access_key WHERE access_key_id = :access_key_id;

-- access_keys --
SELECT * FROM access_key ORDER BY created_at, access_key_id;

-- Campaigns -------------------------------------------------------------------------------------------------------

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

-- Counters of a transaction ---------------------------------------------------------------------------------------

-- campaign_head --
-- What a transaction needs to know of a campaign before it touches the campaign's contacts.
SELECT campaign_key, instance_id, state, deleted_at IS NOT NULL AS deleted, waiting
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

-- Dial requests ---------------------------------------------------------------------------------------------------

-- accept_contacts --
-- Run once for each dial request of a batch: see execute_many. A client token known in the campaign adds nothing.
INSERT INTO contact (
    sequence, contact_id, campaign_key, client_token, phone_number, attributes, accepted_at, expires_at, updated_at, seal,
    due_at, previous_contact_id
) VALUES (
    :sequence, :contact_id, :campaign_key, :client_token, :phone_number, :attributes, :at, :expires_at, :at, :seal,
    :due_at, :previous_contact_id
)
ON CONFLICT DO NOTHING;

-- contact_of_token --
SELECT sequence, contact_id FROM contact WHERE campaign_key = :campaign_key AND client_token = :client_token;

-- due_contacts --
-- The index finds them, and each is read from the row itself, which may say something else. The second column tells
-- whether the two agree; so in the next ones of contacts that wait or are in progress. In no order that is promised.
-- Those that are held are the first of the index or nearly so, so to pass over them costs no more than there are of them.
SELECT found.sequence,
    contact.state = 'Waiting' AND contact.campaign_key = found.campaign_key AND contact.due_at = found.due_at AS in_place,
    contact.contact_id, contact.expires_at, contact.client_token, contact.phone_number, contact.attributes, contact.seal,
    contact.due_at, found.campaign_key
FROM (
    SELECT sequence, campaign_key, due_at FROM contact INDEXED BY contact_waiting
    WHERE campaign_key = (SELECT campaign_key FROM campaign WHERE campaign_id = :campaign_id) AND state = 'Waiting'
        AND due_at <= :now AND sequence NOT IN (SELECT value FROM json_each(:held))
        AND sequence NOT IN (SELECT sequence FROM quarantine)
    ORDER BY due_at, sequence LIMIT :limit
) AS found
LEFT JOIN contact ON contact.sequence = found.sequence;

-- next_due_at --
-- What is no instant is passed over: such a contact is found out when it expires.
SELECT due_at FROM contact INDEXED BY contact_waiting
WHERE campaign_key = (SELECT campaign_key FROM campaign WHERE campaign_id = :campaign_id) AND state = 'Waiting'
    AND due_at > :now AND due_at <= :latest AND sequence NOT IN (SELECT sequence FROM quarantine)
ORDER BY due_at LIMIT 1;

-- change_due --
UPDATE contact INDEXED BY sqlite_autoindex_contact_1 SET due_at = :due_at
WHERE contact_id IN (SELECT value FROM json_each(:contact_ids)) AND campaign_key = :campaign_key
    AND state IN {before AttemptBegun} AND sequence NOT IN (SELECT sequence FROM quarantine);

-- waiting_count --
-- Without those that are set aside.
SELECT waiting - (
        SELECT count(*) FROM quarantine WHERE quarantine.campaign_key = backlog.campaign_key AND quarantine.waiting
    ) AS waiting
FROM backlog WHERE campaign_key = (SELECT campaign_key FROM campaign WHERE campaign_id = :campaign_id);

-- contact_counts --
-- :campaign_ids are a JSON array.
SELECT campaign_id, accepted,
    waiting - (
        SELECT count(*) FROM quarantine WHERE quarantine.campaign_key = backlog.campaign_key AND quarantine.waiting
    ) AS waiting,
    (
        SELECT count(*) FROM quarantine WHERE quarantine.campaign_key = backlog.campaign_key AND quarantine.waiting
    ) AS waiting_aside,
    (
        SELECT count(*) FROM quarantine CROSS JOIN contact USING (sequence)
        WHERE quarantine.campaign_key = backlog.campaign_key AND NOT quarantine.waiting AND contact.state <> 'Ended'
    ) AS in_progress_aside,
    disposition, contacts
FROM json_each(:campaign_ids) AS wanted CROSS JOIN campaign ON campaign_id = wanted.value
JOIN backlog USING (campaign_key) LEFT JOIN disposition_count USING (campaign_key);

-- token_forms --
-- The ranges are what the index of tokens finds; twelve zero bytes in hexadecimal make 24 of a pattern's digits.
SELECT
    EXISTS (
        SELECT 1 FROM contact JOIN campaign USING (campaign_key)
        WHERE campaign_id = :campaign_id AND client_token >= 'row-' AND client_token < 'row.'
            AND client_token GLOB 'row-[0-9]*-' || replace(hex(zeroblob(12)), '0', '[0-9a-f]')
    ) AS of_lines,
    EXISTS (
        SELECT 1 FROM contact JOIN campaign USING (campaign_key)
        WHERE campaign_id = :campaign_id AND client_token >= 'erased-' AND client_token < 'erased.' AND phone_number = ''
    ) AS erased;

-- contact_records --
-- The unary plus keeps SQLite off the indexes of campaign_key: they would have it sort the campaign for every chunk.
SELECT contact.*, campaign_id, instance_id
FROM contact LEFT JOIN campaign ON campaign.campaign_key = +contact.campaign_key
WHERE contact.sequence > :after_sequence
    AND (
        :campaign_id IS NULL
        OR +contact.campaign_key = (SELECT campaign_key FROM campaign WHERE campaign_id = :campaign_id)
    )
    AND (:instance_id IS NULL OR campaign.instance_id = :instance_id)
ORDER BY contact.sequence LIMIT :limit;

-- contact_record --
SELECT contact.*, campaign_id, instance_id
FROM contact LEFT JOIN campaign USING (campaign_key) WHERE contact_id = :contact_id;

-- waiting_before --
SELECT count(*) AS waiting FROM contact AS this JOIN contact INDEXED BY contact_waiting
ON contact.campaign_key = this.campaign_key AND (contact.due_at, contact.sequence) < (this.due_at, this.sequence)
    AND contact.state = 'Waiting' AND contact.sequence NOT IN (SELECT sequence FROM quarantine)
WHERE this.contact_id = :contact_id;

-- Erasing -------------------------------------------------------------------------------------------------------

-- contacts_of_number --
SELECT sequence, contact_id, campaign_id, contact.state = 'Waiting' AS waiting
FROM contact LEFT JOIN campaign USING (campaign_key) WHERE phone_number = :phone_number LIMIT :limit;

-- ended_before --
-- What is set aside may never end; it is kept no longer than if it had at its expiry.
SELECT sequence FROM contact INDEXED BY contact_ended LEFT JOIN campaign USING (campaign_key)
WHERE ended_at < :before AND ended_at IS NOT NULL AND phone_number <> ''
    AND (instance_id = :instance_id OR campaign_id IS NULL)
UNION ALL
SELECT sequence FROM quarantine CROSS JOIN contact USING (sequence)
    JOIN campaign ON campaign.campaign_key = quarantine.campaign_key
WHERE ended_at IS NULL AND expires_at < :before AND updated_at < :before AND phone_number <> ''
    AND instance_id = :instance_id
LIMIT :limit;

-- erase_contacts --
-- A token that holds the number's digits is personal data too, and so is one made from it (number- and 32 hexadecimal
-- digits): trying all numbers would find it. Any other goes on keeping its request from being repeated.
UPDATE contact
SET client_token = CASE
        WHEN instr(replace(client_token, '-', ''), substr(phone_number, 2))
            OR client_token GLOB 'number-' || replace(hex(zeroblob(16)), '0', '[0-9a-f]')
        THEN 'erased-' || sequence
        ELSE client_token
    END,
    phone_number = '', attributes = '{}', seal = NULL, updated_at = :at
WHERE sequence IN (SELECT value FROM json_each(:sequences)) AND phone_number <> '';

-- insert_erasure --
INSERT INTO erasure (at, reason, contacts) VALUES (:at, :reason, :contacts);

-- erasures --
SELECT at, reason, contacts FROM erasure ORDER BY rowid;

-- Leases ----------------------------------------------------------------------------------------------------------

-- lease --
SELECT token, owner, expires_at FROM lease WHERE instance_id = :instance_id;

-- put_lease --
INSERT INTO lease (instance_id, token, owner, expires_at) VALUES (:instance_id, :token, :owner, :expires_at)
ON CONFLICT (instance_id) DO UPDATE
SET token = excluded.token, owner = excluded.owner, expires_at = excluded.expires_at;

-- renew_lease --
UPDATE lease SET expires_at = :expires_at
WHERE instance_id = :instance_id AND token = :token AND owner = :owner;

-- release_lease --
UPDATE lease SET owner = NULL, expires_at = 0
WHERE instance_id = :instance_id AND token = :token AND owner = :owner;

-- What the owner of a lease changes ----------------------------------------------------------------------------------

-- begin_attempt --
UPDATE contact
SET state = {after AttemptBegun}, leg_id = :leg_id, attempted_at = :at, attempts = attempts + 1, updated_at = :at,
    source_phone_number = (
        SELECT coalesce(campaign.source_phone_number, (
            SELECT iif(
                json_valid(document) AND json_type(document, '$.outbound_caller_id') = 'text',
                document ->> '$.outbound_caller_id', NULL
            )
            FROM fact
            WHERE fact.instance_id = campaign.instance_id AND kind = 'queue' AND id = campaign.queue_id
                AND fact.deleted_at IS NULL
        ))
        FROM campaign WHERE campaign.campaign_key = contact.campaign_key
    )
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND state IN {before AttemptBegun} AND expires_at > :at
    AND due_at <= :at AND sequence NOT IN (SELECT sequence FROM quarantine);

-- not_begun --
-- What an attempt on the contact was refused by.
SELECT sequence, state, expires_at, due_at FROM contact
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND sequence NOT IN (SELECT sequence FROM quarantine);

-- void_attempt --
-- A contact that was never dialed: the columns of the attempt are cleared, the place in the backlog is the old one.
UPDATE contact
SET state = {after AttemptVoided}, leg_id = NULL, source_phone_number = NULL, attempted_at = NULL, ring_started_at = NULL,
    attempts = attempts - 1, updated_at = :at
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND state IN {before AttemptVoided}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- contact_answered --
UPDATE contact
SET state = {after ContactAnswered}, answered_at = :at,
    ring_started_at = coalesce(:ring_started_at, ring_started_at), updated_at = :at
WHERE contact_id = :contact_id AND state IN {before ContactAnswered}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- contact_detected --
UPDATE contact
SET state = {after ContactDetected}, detection = :detection,
    greeting_started_at = :greeting_started_at, greeting_ended_at = :greeting_ended_at, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before ContactDetected}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- contact_queued --
UPDATE contact SET state = {after ContactQueued}, queue_id = :queue_id, queued_at = :at, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before ContactQueued}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- contact_connecting --
UPDATE contact SET state = {after ContactConnecting}, agent_id = :agent_id, agent_leg_id = :agent_leg_id, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before ContactConnecting}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- contact_requeued --
UPDATE contact SET state = {after ContactRequeued}, agent_id = NULL, agent_leg_id = NULL, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before ContactRequeued}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- contact_connected --
UPDATE contact SET state = {after ContactConnected}, agent_id = :agent_id, connected_to_agent_at = :at, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before ContactConnected}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- contact_abandoned --
UPDATE contact SET abandoned = 1, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before ContactAbandoned}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- end_contact --
UPDATE contact
SET state = {after ContactEnded}, ended_at = :at, disposition = :disposition, disconnect_reason = :disconnect_reason,
    detection = coalesce(:detection, detection), ring_started_at = coalesce(:ring_started_at, ring_started_at),
    updated_at = :at
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND state IN {before ContactEnded}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- after_contact_work_ended --
UPDATE contact SET after_contact_work_ended_at = :at, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before AfterContactWorkEnded}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- expire_contact --
UPDATE contact
SET state = {after ContactExpired}, ended_at = :at, disposition = 'expired', disconnect_reason = 'EXPIRED',
    updated_at = :at
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND state IN {before ContactExpired}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- count_in_ledger --
INSERT INTO ledger (campaign_key, minute_at, live_answers, abandoned)
VALUES (:campaign_key, :minute_at, :live_answers, :abandoned)
ON CONFLICT (campaign_key, minute_at) DO UPDATE
SET live_answers = iif(typeof(live_answers) = 'integer', live_answers, 0) + excluded.live_answers,
    abandoned = iif(typeof(abandoned) = 'integer', abandoned, 0) + excluded.abandoned;

-- ledger --
SELECT minute_at, live_answers, abandoned FROM ledger
WHERE campaign_key = (SELECT campaign_key FROM campaign WHERE campaign_id = :campaign_id) AND minute_at >= :since
ORDER BY minute_at;

-- ledger_sum --
SELECT coalesce(sum(live_answers), 0) AS live_answers, coalesce(sum(abandoned), 0) AS abandoned FROM ledger
WHERE campaign_key = (SELECT campaign_key FROM campaign WHERE campaign_id = :campaign_id) AND minute_at >= :since;

-- backlogs_of_instance --
SELECT campaign_id, campaign.deleted_at IS NOT NULL OR state IN {over} AS closed
FROM campaign JOIN backlog USING (campaign_key) WHERE instance_id = :instance_id AND waiting > 0 ORDER BY campaign_key;

-- waiting_in_closed_campaign --
SELECT found.sequence,
    contact.state = 'Waiting' AND contact.campaign_key = found.campaign_key AND contact.due_at = found.due_at AS in_place,
    contact.contact_id, contact.expires_at, contact.client_token, contact.phone_number, contact.attributes, contact.seal,
    contact.due_at, found.campaign_key
FROM (
    SELECT sequence, campaign_key, due_at FROM contact INDEXED BY contact_waiting
    WHERE campaign_key = :campaign_key AND state = 'Waiting' AND sequence NOT IN (SELECT sequence FROM quarantine)
    ORDER BY due_at, sequence LIMIT :limit
) AS found
LEFT JOIN contact ON contact.sequence = found.sequence;

-- waiting_past_expiry --
SELECT found.sequence, contact.state = 'Waiting' AND contact.campaign_key = found.campaign_key
        AND contact.expires_at = found.expires_at AS in_place,
    contact.contact_id, contact.expires_at, contact.client_token, contact.phone_number, contact.attributes, contact.seal,
    contact.due_at, found.campaign_key
FROM (
    SELECT sequence, campaign_key, expires_at FROM contact INDEXED BY contact_waiting_by_expiry
    WHERE campaign_key = :campaign_key AND state = 'Waiting' AND expires_at <= :now
        AND sequence NOT IN (SELECT sequence FROM quarantine)
    ORDER BY expires_at, sequence LIMIT :limit
) AS found
LEFT JOIN contact ON contact.sequence = found.sequence;

-- expire_sequences --
UPDATE contact
SET state = {after ContactExpired}, ended_at = :now, disposition = 'expired', disconnect_reason = 'EXPIRED',
    updated_at = :now
WHERE sequence IN (SELECT value FROM json_each(:sequences)) AND state IN {before ContactExpired};

-- live_contacts --
-- Changes of a contact in progress find it by its id, so that has to lead to this row.
SELECT found.sequence, contact.campaign_key = found.campaign_key AND EXISTS (
        SELECT 1 FROM contact AS same WHERE same.contact_id = contact.contact_id AND +same.sequence = found.sequence
    ) AS in_place,
    contact.contact_id, found.campaign_id, contact.expires_at, contact.state, contact.leg_id,
    contact.attempted_at, contact.ring_started_at, contact.answered_at, contact.detection, contact.greeting_ended_at,
    contact.queued_at, contact.agent_id, contact.agent_leg_id, contact.abandoned, found.campaign_key
FROM (
    SELECT sequence, contact.campaign_key, campaign_id
    FROM campaign CROSS JOIN contact INDEXED BY contact_live USING (campaign_key)
    WHERE instance_id = :instance_id AND contact.state NOT IN ('Waiting', 'Ended')
        AND sequence NOT IN (SELECT sequence FROM quarantine)
) AS found
LEFT JOIN contact ON contact.sequence = found.sequence ORDER BY found.sequence;

-- Contacts set aside -------------------------------------------------------------------------------------------------

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
SELECT count(*) AS contacts FROM quarantine;

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
    due_at = :due_at, previous_contact_id = :previous_contact_id
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

-- Checking and restoring ---------------------------------------------------------------------------------------------

-- check_backlogs --
-- Campaigns whose counts of accepted and waiting contacts are not those of the contacts, with the differences.
SELECT campaign_id, sum(accepted) AS accepted, sum(waiting) AS waiting
FROM (
    SELECT campaign_key, accepted, waiting FROM backlog
    UNION ALL
    SELECT campaign_key, -count(*), -sum(state = 'Waiting') FROM contact GROUP BY campaign_key
)
LEFT JOIN campaign USING (campaign_key)
GROUP BY campaign_key HAVING sum(accepted) OR sum(waiting) ORDER BY campaign_key;

-- check_dispositions --
SELECT campaign_id, disposition, sum(contacts) AS contacts
FROM (
    SELECT campaign_key, disposition, contacts FROM disposition_count
    UNION ALL
    SELECT campaign_key, disposition, -count(*) FROM contact WHERE disposition IS NOT NULL
    GROUP BY campaign_key, disposition
)
LEFT JOIN campaign USING (campaign_key)
GROUP BY campaign_key, disposition HAVING sum(contacts) ORDER BY campaign_key, disposition;

-- all_campaigns --
SELECT * FROM campaign;

-- check_campaigns --
SELECT instance_id, sum(campaigns) AS campaigns
FROM (
    SELECT instance_id, campaigns FROM instance
    UNION ALL
    SELECT instance_id, -count(*) FROM campaign WHERE deleted_at IS NULL GROUP BY instance_id
)
GROUP BY instance_id HAVING sum(campaigns) ORDER BY instance_id;

-- check_counters --
SELECT name FROM counter
WHERE (name = 'contact_sequence' AND value < (SELECT max(sequence) FROM contact))
    OR (name = 'campaign_version' AND value < (SELECT max(version) FROM campaign));

-- check_fact_counter --
SELECT name FROM counter WHERE name = 'fact_version' AND value < (SELECT max(version) FROM fact);

-- check_values --
-- Contacts with what no Trunkcall has written. :states and :dispositions are JSON arrays. Fits every version.
SELECT sequence, contact_id, campaign_id FROM contact LEFT JOIN campaign USING (campaign_key)
WHERE contact.state NOT IN (SELECT value FROM json_each(:states))
    OR disposition NOT IN (SELECT value FROM json_each(:dispositions))
    OR (contact.state = 'Ended') <> (disposition IS NOT NULL)
    OR attempts NOT IN (0, 1)
    OR NOT json_valid(attributes)
    OR campaign_id IS NULL
    OR (contact.state = 'Waiting' AND (phone_number NOT GLOB '+[0-9]*' OR substr(phone_number, 2) GLOB '*[^0-9]*'));

-- count_contacts --
SELECT count(*) AS contacts FROM contact;

-- waiting_to_be_dialed --
SELECT coalesce(sum(waiting), 0) AS waiting FROM backlog JOIN campaign USING (campaign_key)
WHERE deleted_at IS NULL AND state IN {before stop};

-- next_campaign_version --
UPDATE counter SET value = value + 1 WHERE name = 'campaign_version';

-- pause_running --
UPDATE campaign SET state = {after pause}, version = (SELECT value FROM counter WHERE name = 'campaign_version')
WHERE state IN {before pause};

-- void_leases --
-- A backup does not know the tokens given since. Carriers refuse what is older than they have seen.
UPDATE lease SET token = token + 1000000, owner = NULL, expires_at = 0;
