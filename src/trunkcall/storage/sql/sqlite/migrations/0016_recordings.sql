-- Talks may be recorded. The columns are written as in 0006_due.sql, and for the same reason.
PRAGMA writable_schema = ON;
UPDATE sqlite_master
SET sql = replace(
    sql, 'agent_disposition TEXT,', 'agent_disposition TEXT, recordings TEXT, recordings_deleted_at INTEGER,'
)
WHERE type = 'table' AND name = 'contact';
PRAGMA writable_schema = RESET;
CREATE INDEX contact_recorded ON contact (ended_at) WHERE recordings IS NOT NULL AND recordings_deleted_at IS NULL;
