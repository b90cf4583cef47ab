-- How personal data is erased.

-- contacts_of_number --
SELECT sequence, contact_id, campaign_id, contact.state = 'Waiting' AS waiting, clearance
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
-- digits): trying all numbers would find it; so it is with the key of a number. Any other token goes on keeping its request from being repeated.
UPDATE contact
SET client_token = CASE
        WHEN instr(replace(client_token, '-', ''), substr(phone_number, 2))
            OR client_token GLOB 'number-' || replace(hex(zeroblob(16)), '0', '[0-9a-f]')
        THEN 'erased-' || sequence
        ELSE client_token
    END,
    phone_number = '', attributes = '{}', time_zone = NULL, seal = NULL, updated_at = :at,
    flow_progress = NULL, flow_attributes = NULL,
    clearance = iif(json_valid(clearance), json_remove(clearance, '$.number_key'), NULL)
WHERE sequence IN (SELECT value FROM json_each(:sequences)) AND phone_number <> '';

-- insert_erasure --
INSERT INTO erasure (at, reason, contacts) VALUES (:at, :reason, :contacts);

-- erasures --
SELECT at, reason, contacts FROM erasure ORDER BY rowid;
