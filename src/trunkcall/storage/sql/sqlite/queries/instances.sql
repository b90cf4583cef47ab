-- Instances with their onboarding and facts, and access keys.

-- instance_exists --
SELECT 1 AS found FROM instance WHERE instance_id = :instance_id AND deleted_at IS NULL;

-- instances --
SELECT * FROM instance WHERE deleted_at IS NULL ORDER BY created_at, instance_id;

-- every_instance --
SELECT * FROM instance ORDER BY created_at, instance_id;

-- instance --
SELECT * FROM instance WHERE instance_id = :instance_id;

-- fact_version --
-- With the instance, all that a directory is made of but the facts themselves: as long as it is the same, so are they.
SELECT *, (SELECT value FROM counter WHERE name = 'fact_version') AS fact_version
FROM instance WHERE instance_id = :instance_id;

-- facts --
-- place is the order of creation, editions whether anything can be on a do-not-call list. Kinds that are never removed
-- are told of whatever their rows say.
SELECT kind, id, name, version, document, deleted_at, rowid AS place,
    iif(kind = 'do_not_call_list', (
        SELECT count(*) FROM dnc_list CROSS JOIN dnc_edition USING (edition)
        WHERE dnc_list.instance_id = fact.instance_id AND list_number = CAST(fact.id AS INTEGER)
    ), 0) AS editions
FROM fact
WHERE instance_id = :instance_id AND (deleted_at IS NULL OR kind IN ('calling_policy', 'do_not_call_list'))
ORDER BY rowid;

-- facts_changed --
SELECT kind, id, name, version, document, deleted_at, rowid AS place,
    iif(kind = 'do_not_call_list', (
        SELECT count(*) FROM dnc_list CROSS JOIN dnc_edition USING (edition)
        WHERE dnc_list.instance_id = fact.instance_id AND list_number = CAST(fact.id AS INTEGER)
    ), 0) AS editions
FROM fact INDEXED BY fact_by_version
WHERE instance_id = :instance_id AND version > :after_version
ORDER BY version;

-- filled_lists --
-- The numbers of do-not-call lists that something is or was on.
SELECT list_number FROM dnc_list WHERE instance_id = :instance_id;

-- facts_of_ids --
-- :ids are a JSON array, and :names in the next one.
SELECT kind, fact.id, name, version, document, deleted_at,
    iif(kind = 'do_not_call_list', (
        SELECT count(*) FROM dnc_list CROSS JOIN dnc_edition USING (edition)
        WHERE dnc_list.instance_id = fact.instance_id AND list_number = CAST(fact.id AS INTEGER)
    ), 0) AS editions
FROM json_each(:ids) AS wanted CROSS JOIN fact ON fact.id = wanted.value
WHERE instance_id = :instance_id AND kind = :kind;

-- facts_of_names --
SELECT kind, fact.id, name, version, document, deleted_at,
    iif(kind = 'do_not_call_list', (
        SELECT count(*) FROM dnc_list CROSS JOIN dnc_edition USING (edition)
        WHERE dnc_list.instance_id = fact.instance_id AND list_number = CAST(fact.id AS INTEGER)
    ), 0) AS editions
FROM json_each(:names) AS wanted CROSS JOIN fact INDEXED BY fact_by_name ON name = wanted.value
WHERE instance_id = :instance_id AND kind = :kind AND deleted_at IS NULL;

-- instance_of_fact --
-- Of instances there are few, so each is asked.
SELECT instance.instance_id FROM instance CROSS JOIN fact ON fact.instance_id = instance.instance_id
WHERE kind = :kind AND id = :id AND fact.deleted_at IS NULL AND instance.deleted_at IS NULL
ORDER BY created_at, instance.instance_id LIMIT 1;

-- centre_use --
SELECT DISTINCT queue_id, contact_flow_id, source_phone_number, dialer_type
FROM campaign INDEXED BY campaign_listed_of_instance WHERE instance_id = :instance_id AND deleted_at IS NULL;

-- insert_instance --
INSERT INTO instance (instance_id, alias, created_at, onboarded, document)
VALUES (:instance_id, :alias, :created_at, :onboarded, :document);

-- change_instance --
UPDATE instance SET alias = :alias, document = :document WHERE instance_id = :instance_id;

-- halt_instance --
UPDATE instance SET halted_at = :halted_at, document = :document WHERE instance_id = :instance_id;

-- delete_instance --
UPDATE instance SET deleted_at = :at WHERE instance_id = :instance_id;

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

-- reindex_facts --
REINDEX fact;

-- put_presence --
INSERT INTO presence (instance_id, agent_id, status_id, chosen_at)
VALUES (:instance_id, :agent_id, :status_id, :chosen_at)
ON CONFLICT (instance_id, agent_id) DO UPDATE
SET status_id = excluded.status_id, chosen_at = excluded.chosen_at;

-- remove_presence --
DELETE FROM presence WHERE instance_id = :instance_id AND agent_id = :agent_id;

-- presences --
SELECT agent_id, status_id, chosen_at FROM presence WHERE instance_id = :instance_id ORDER BY agent_id;

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
