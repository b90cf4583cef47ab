-- Whoever no agent has reached in time may hear a message. The column is written as in 0006_due.sql, and for the same
-- reason.
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, 'trunk_id TEXT,', 'trunk_id TEXT, safe_harbour_at INTEGER,')
WHERE type = 'table' AND name = 'contact';
PRAGMA writable_schema = RESET;
