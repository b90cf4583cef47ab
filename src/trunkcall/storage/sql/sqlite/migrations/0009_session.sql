-- An agent's leg may stay up from one contact to the next. Whoever takes over an instance has to know these legs, or it
-- would hang them up.
CREATE TABLE session (
    instance_id TEXT NOT NULL REFERENCES instance,
    agent_id TEXT NOT NULL,
    leg_id TEXT NOT NULL,
    host TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    PRIMARY KEY (instance_id, agent_id)
) STRICT, WITHOUT ROWID;
