-- Who owns an instance.

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
