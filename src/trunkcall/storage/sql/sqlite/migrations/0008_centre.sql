-- An instance has more to it than what campaigns need, and may be deleted. The columns are written as in 0006_due.sql, and
-- for the same reason.
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(
    sql,
    'campaigns INTEGER NOT NULL DEFAULT 0',
    'campaigns INTEGER NOT NULL DEFAULT 0, document TEXT NOT NULL DEFAULT ''{}'', deleted_at INTEGER'
)
WHERE type = 'table' AND name = 'instance';
PRAGMA writable_schema = RESET;
CREATE TABLE presence (
    instance_id TEXT NOT NULL REFERENCES instance,
    agent_id TEXT NOT NULL,
    status_id TEXT NOT NULL,
    chosen_at INTEGER NOT NULL,
    PRIMARY KEY (instance_id, agent_id)
) STRICT, WITHOUT ROWID;
