-- Agents' sessions.

-- live_sessions --
SELECT agent_id, leg_id, host FROM session WHERE instance_id = :instance_id ORDER BY begun_at, agent_id;

-- session_begun --
INSERT INTO session (instance_id, agent_id, leg_id, host, begun_at)
VALUES (:instance_id, :agent_id, :leg_id, :host, :at)
ON CONFLICT (instance_id, agent_id) DO UPDATE
SET leg_id = excluded.leg_id, host = excluded.host, begun_at = excluded.begun_at;

-- session_ended --
DELETE FROM session WHERE instance_id = :instance_id AND agent_id = :agent_id AND leg_id = :leg_id;
