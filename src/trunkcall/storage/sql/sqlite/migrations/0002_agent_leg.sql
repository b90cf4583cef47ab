-- A dialer that takes over contacts in progress has to know the legs of the agents who talk.
ALTER TABLE contact ADD COLUMN agent_leg_id TEXT;
