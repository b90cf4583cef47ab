-- Dial requests and contacts, as they are accepted, dialed next, counted and told of.

-- accept_contacts --
-- A client token known in the campaign adds nothing.
INSERT INTO contact (
    sequence, contact_id, campaign_key, client_token, phone_number, attributes, accepted_at, expires_at, updated_at, seal,
    due_at, previous_contact_id, time_zone, hold, asked_due_at
) VALUES (
    :sequence, :contact_id, :campaign_key, :client_token, :phone_number, :attributes, :at, :expires_at, :at, :seal,
    :due_at, :previous_contact_id, :time_zone, :hold, :asked_due_at
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
    contact.due_at, contact.time_zone, found.campaign_key
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

-- give_attributes --
-- Of whoever was forgotten nothing personal is noted.
UPDATE contact
SET flow_attributes = json_patch(iif(json_valid(flow_attributes), flow_attributes, '{}'), :attributes), updated_at = :at
WHERE contact_id = :contact_id AND phone_number <> '' AND sequence NOT IN (SELECT sequence FROM quarantine);

-- change_due --
-- What cannot be read of a hold ends it when it would have.
UPDATE contact INDEXED BY sqlite_autoindex_contact_1
SET due_at = CASE
        WHEN hold IS NULL THEN :due_at
        WHEN json_valid(hold) AND json_type(hold, '$.until') = 'integer' THEN max(:due_at, hold ->> '$.until')
        ELSE max(:due_at, due_at)
    END,
    asked_due_at = iif(hold IS NULL, NULL, :due_at)
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

-- first_hold --
SELECT hold FROM contact INDEXED BY contact_waiting
WHERE campaign_key = (SELECT campaign_key FROM campaign WHERE campaign_id = :campaign_id) AND state = 'Waiting'
    AND sequence NOT IN (SELECT sequence FROM quarantine)
ORDER BY due_at LIMIT 1;

-- waiting_before --
-- Two counts, because SQLite would look for a pair (due_at, sequence) by its first half alone: nearly all are due at 0.
SELECT (
        SELECT count(*) FROM contact INDEXED BY contact_waiting
        WHERE campaign_key = this.campaign_key AND state = 'Waiting' AND due_at < this.due_at
            AND sequence NOT IN (SELECT sequence FROM quarantine)
    ) + (
        SELECT count(*) FROM contact INDEXED BY contact_waiting
        WHERE campaign_key = this.campaign_key AND state = 'Waiting' AND due_at = this.due_at
            AND contact.sequence < this.sequence AND sequence NOT IN (SELECT sequence FROM quarantine)
    ) AS waiting
FROM contact AS this WHERE contact_id = :contact_id;
