-- What there is around the campaigns becomes facts of one shape, with versions, so that a dialer can read what has
-- changed. What a disk has done to a row stops nobody: it becomes what it was taken for before.
-- What there is around the campaigns: queues, flows, numbers, routing profiles, agents. They are many kinds, few of each,
-- and slow to change, so they are of one shape. Rows are in the order of creation, and stay once removed.
CREATE TABLE fact (
    instance_id TEXT NOT NULL REFERENCES instance,
    kind TEXT NOT NULL, -- FactKind
    id TEXT NOT NULL,
    name TEXT NOT NULL, -- of a phone number the number, E.164: the centre's own, not a customer's
    version INTEGER NOT NULL, -- counter fact_version at the row's last change
    document TEXT NOT NULL, -- a JSON object: what id and name do not say
    deleted_at INTEGER,
    PRIMARY KEY (instance_id, kind, id)
) STRICT;

CREATE INDEX fact_by_version ON fact (instance_id, version);
CREATE INDEX fact_by_name ON fact (instance_id, kind, name) WHERE deleted_at IS NULL;

INSERT OR IGNORE INTO fact (instance_id, kind, id, name, version, document)
SELECT instance_id, 'queue', CAST(queue_id AS TEXT), coalesce(CAST(name AS TEXT), ''), 0,
    json_object('outbound_caller_id', iif(typeof(outbound_caller_id) = 'text', outbound_caller_id, NULL))
FROM queue NOT INDEXED JOIN instance USING (instance_id)
WHERE queue_id IS NOT NULL ORDER BY queue.rowid;

INSERT OR IGNORE INTO fact (instance_id, kind, id, name, version, document)
SELECT instance_id, 'contact_flow', CAST(contact_flow_id AS TEXT), coalesce(CAST(name AS TEXT), ''), 0, '{}'
FROM contact_flow NOT INDEXED JOIN instance USING (instance_id)
WHERE contact_flow_id IS NOT NULL ORDER BY contact_flow.rowid;

INSERT OR IGNORE INTO fact (instance_id, kind, id, name, version, document)
SELECT instance_id, 'phone_number', CAST(phone_number_id AS TEXT), coalesce(CAST(phone_number AS TEXT), ''), 0, '{}'
FROM phone_number NOT INDEXED JOIN instance USING (instance_id)
WHERE phone_number_id IS NOT NULL ORDER BY phone_number.rowid;

INSERT OR IGNORE INTO fact (instance_id, kind, id, name, version, document)
SELECT instance_id, 'routing_profile', CAST(routing_profile_id AS TEXT), coalesce(CAST(name AS TEXT), ''), 0,
    iif(typeof(queue_ids) = 'text' AND json_valid(queue_ids), json_object('queue_ids', json(queue_ids)), '{}')
FROM routing_profile NOT INDEXED JOIN instance USING (instance_id)
WHERE routing_profile_id IS NOT NULL ORDER BY routing_profile.rowid;

INSERT OR IGNORE INTO fact (instance_id, kind, id, name, version, document)
SELECT instance_id, 'agent', CAST(agent_id AS TEXT), coalesce(CAST(username AS TEXT), ''), 0,
    json_object('routing_profile_id', coalesce(CAST(routing_profile_id AS TEXT), ''))
FROM agent NOT INDEXED JOIN instance USING (instance_id)
WHERE agent_id IS NOT NULL ORDER BY agent.rowid;

UPDATE fact SET version = rowid;
INSERT INTO counter (name, value) SELECT 'fact_version', coalesce(max(version), 0) FROM fact;

DROP TABLE queue;
DROP TABLE contact_flow;
DROP TABLE phone_number;
DROP TABLE routing_profile;
DROP TABLE agent;
