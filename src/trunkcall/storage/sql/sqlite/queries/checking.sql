-- Whether the books are right, and what a restored store is told.

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
