-- What the owner of a lease changes and takes over.

-- begin_attempt --
UPDATE contact
SET state = {after AttemptBegun}, leg_id = :leg_id, attempted_at = :at, attempts = attempts + 1, updated_at = :at,
    trunk_id = :trunk_id, source_phone_number = :caller_id, clearance = :clearance
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND state IN {before AttemptBegun} AND expires_at > :at
    AND due_at <= :at AND sequence NOT IN (SELECT sequence FROM quarantine)
RETURNING sequence, attributes, flow_attributes;

-- not_begun --
-- What an attempt on the contact was refused by.
SELECT sequence, state, expires_at, due_at FROM contact
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND sequence NOT IN (SELECT sequence FROM quarantine);

-- void_attempt --
-- A contact that was never dialed: the columns of the attempt are cleared, the place in the backlog is the old one.
UPDATE contact
SET state = {after AttemptVoided}, leg_id = NULL, trunk_id = NULL, source_phone_number = NULL, attempted_at = NULL,
    ring_started_at = NULL, attempts = attempts - 1, clearance = NULL, updated_at = :at
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND state IN {before AttemptVoided}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- number_erased --
-- Whether somebody who was forgotten while the attempt was made would be dialed again.
SELECT sequence FROM contact WHERE contact_id = :contact_id AND phone_number = '';

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

-- safe_harbour_begun --
UPDATE contact SET state = {after SafeHarbourBegun}, safe_harbour_at = :at, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before SafeHarbourBegun}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- end_contact --
UPDATE contact
SET state = {after ContactEnded}, ended_at = :at, disposition = :disposition, disconnect_reason = :disconnect_reason,
    detection = coalesce(:detection, detection), ring_started_at = coalesce(:ring_started_at, ring_started_at),
    safe_harbour_at = CASE WHEN :unheard THEN NULL ELSE safe_harbour_at END, flow_progress = NULL, updated_at = :at
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND state IN {before ContactEnded}
    AND sequence NOT IN (SELECT sequence FROM quarantine)
RETURNING answered_at, clearance;

-- after_contact_work_ended --
UPDATE contact SET after_contact_work_ended_at = :at, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before AfterContactWorkEnded}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- agent_disposition_chosen --
UPDATE contact SET agent_disposition = :disposition, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before AgentDispositionChosen}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- contact_recorded --
UPDATE contact SET recordings = :recordings, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before ContactRecorded}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- customer_hold_noted --
UPDATE contact SET customer_holds = coalesce(customer_holds || ' ', '') || :note || :at, updated_at = :at
WHERE contact_id = :contact_id AND state IN {before CustomerPutOnHold}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- flow_progressed --
-- Of whoever was forgotten nothing personal is noted.
UPDATE contact
SET flow_progress = CASE WHEN phone_number <> '' AND state <> 'Ended' THEN :progress END,
    flow_attributes = CASE
        WHEN phone_number = '' THEN NULL
        WHEN :attributes IS NULL THEN flow_attributes
        ELSE json_patch(iif(json_valid(flow_attributes), flow_attributes, '{}'), :attributes)
    END,
    flow_trail = CASE WHEN :taken <> '' THEN coalesce(flow_trail || char(10), '') || :taken ELSE flow_trail END,
    updated_at = :at
WHERE contact_id = :contact_id AND state IN {before FlowProgressed}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- expire_contact --
UPDATE contact
SET state = {after ContactExpired}, ended_at = :at, disposition = 'expired', disconnect_reason = 'EXPIRED',
    updated_at = :at
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND state IN {before ContactExpired}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- hold_contact --
-- When it would be due without a hold is noted at the first.
UPDATE contact
SET asked_due_at = coalesce(asked_due_at, due_at), due_at = max(coalesce(asked_due_at, due_at), :until), hold = :hold,
    updated_at = :at
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND state IN {before ContactHeld}
    AND sequence NOT IN (SELECT sequence FROM quarantine);

-- forbid_contact --
UPDATE contact
SET state = {after ContactForbidden}, ended_at = :at, disposition = :disposition, disconnect_reason = :disconnect_reason,
    clearance = :clearance, updated_at = :at
WHERE contact_id = :contact_id AND campaign_key = :campaign_key AND state IN {before ContactForbidden}
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
    contact.due_at, contact.time_zone, found.campaign_key
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
    contact.due_at, contact.time_zone, found.campaign_key
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

-- dialed_contacts --
SELECT campaign_id, contact.state = 'Dialing' AS in_place, contact_id, sequence, expires_at, client_token, phone_number,
    attributes, seal, due_at, time_zone, contact.campaign_key
FROM campaign CROSS JOIN contact INDEXED BY contact_live USING (campaign_key)
WHERE instance_id = :instance_id AND contact.state NOT IN ('Waiting', 'Ended') AND contact.state = 'Dialing'
    AND sequence NOT IN (SELECT sequence FROM quarantine)
ORDER BY sequence;

-- called_contacts --
SELECT contact_id, campaign_id, phone_number, contact.source_phone_number, attributes, flow_attributes, flow_progress,
    flow_trail
FROM campaign CROSS JOIN contact INDEXED BY contact_live USING (campaign_key)
WHERE instance_id = :instance_id AND contact.state NOT IN ('Waiting', 'Ended')
    AND sequence NOT IN (SELECT sequence FROM quarantine)
ORDER BY sequence;

-- live_contacts --
-- Changes of a contact in progress find it by its id, so that has to lead to this row.
SELECT found.sequence, contact.campaign_key = found.campaign_key AND EXISTS (
        SELECT 1 FROM contact AS same WHERE same.contact_id = contact.contact_id AND +same.sequence = found.sequence
    ) AS in_place,
    contact.contact_id, found.campaign_id, contact.expires_at, contact.state, contact.leg_id,
    contact.attempted_at, contact.ring_started_at, contact.answered_at, contact.detection, contact.greeting_ended_at,
    contact.queued_at, contact.agent_id, contact.agent_leg_id, contact.abandoned, contact.trunk_id,
    contact.safe_harbour_at, contact.recordings, contact.queue_id, found.campaign_key
FROM (
    SELECT sequence, contact.campaign_key, campaign_id
    FROM campaign CROSS JOIN contact INDEXED BY contact_live USING (campaign_key)
    WHERE instance_id = :instance_id AND contact.state NOT IN ('Waiting', 'Ended')
        AND sequence NOT IN (SELECT sequence FROM quarantine)
) AS found
LEFT JOIN contact ON contact.sequence = found.sequence ORDER BY found.sequence;
