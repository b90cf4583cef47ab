-- What calling limits count.

-- instance_halt --
SELECT halted_at, document FROM instance WHERE instance_id = :instance_id;

-- last_policy --
-- The greatest number of a policy, of whatever name; ids are as in domain.calling_policy.
SELECT coalesce(max(CAST(substr(id, instr(id, '@') + 1) AS INTEGER)), 0) AS number
FROM fact WHERE instance_id = :instance_id AND kind = :kind AND id LIKE '%@%';

-- attempts_to_numbers --
-- :number_keys are a JSON array.
SELECT number_key, at
FROM json_each(:number_keys) AS wanted
    CROSS JOIN number_attempt ON number_key = wanted.value
    CROSS JOIN campaign USING (campaign_key)
WHERE instance_id = :instance_id AND at > :after;

-- number_attempted --
INSERT INTO number_attempt (number_key, at, sequence, campaign_key) VALUES (:number_key, :at, :sequence, :campaign_key)
ON CONFLICT DO NOTHING;

-- number_not_attempted --
DELETE FROM number_attempt WHERE number_key = :number_key AND at = :at AND sequence = :sequence;

-- attempts_after --
-- Of all instances.
SELECT number_key, at, sequence,
    (SELECT instance_id FROM campaign WHERE campaign.campaign_key = number_attempt.campaign_key) IS :instance_id AS of_instance
FROM number_attempt WHERE (number_key, at, sequence) > (:number_key, :at, :sequence)
ORDER BY number_key, at, sequence LIMIT :limit;

-- forget_attempts --
-- :number_keys are a JSON array.
DELETE FROM number_attempt WHERE number_key IN (SELECT value FROM json_each(:number_keys));

-- counted_days --
-- From one to the next, without a look at what was counted for each.
WITH RECURSIVE days (day_at) AS (
    SELECT min(day_at) FROM day_count WHERE instance_id = :instance_id AND day_at > :after
    UNION ALL
    SELECT (SELECT min(day_at) FROM day_count WHERE instance_id = :instance_id AND day_at > days.day_at)
    FROM days WHERE day_at IS NOT NULL
)
SELECT day_at FROM days WHERE day_at IS NOT NULL;

-- day_count --
SELECT count AS attempts, spend FROM day_count
WHERE instance_id = :instance_id AND day_at = :day_at AND kind = :kind AND key = :key;

-- day_counts --
SELECT kind, key, day_at, count AS attempts, spend FROM day_count
WHERE instance_id = :instance_id AND day_at >= :since AND (count <> 0 OR spend <> 0) ORDER BY day_at, kind, key;

-- add_to_day --
INSERT INTO day_count (instance_id, kind, key, day_at, count, spend)
VALUES (:instance_id, :kind, :key, :day_at, :attempts, :spend)
ON CONFLICT (instance_id, day_at, kind, key) DO UPDATE
SET count = iif(typeof(count) = 'integer', count, :full) + excluded.count,
    spend = iif(typeof(spend) = 'integer', spend, :full) + excluded.spend;

-- purge_days --
DELETE FROM day_count WHERE instance_id = :instance_id AND day_at < :before;

-- clearance_of_attempt --
SELECT sequence, clearance, attempted_at FROM contact WHERE contact_id = :contact_id;

-- set_clearance --
UPDATE contact SET clearance = :clearance WHERE contact_id = :contact_id;

-- held_contacts --
-- Those behind a place, in the order of the index.
SELECT campaign.campaign_key, sequence FROM campaign CROSS JOIN contact INDEXED BY contact_held USING (campaign_key)
WHERE instance_id = :instance_id AND contact.hold IS NOT NULL AND contact.state = 'Waiting'
    AND campaign.campaign_key >= :campaign_key
    AND sequence > iif(campaign.campaign_key = :campaign_key, :sequence, -1)
    AND sequence NOT IN (SELECT sequence FROM quarantine)
ORDER BY campaign.campaign_key, sequence LIMIT :limit;

-- release_hold --
UPDATE contact SET due_at = coalesce(asked_due_at, due_at), asked_due_at = NULL, hold = NULL
WHERE sequence IN (SELECT value FROM json_each(:sequences)) AND state IN {before ContactHeld};
