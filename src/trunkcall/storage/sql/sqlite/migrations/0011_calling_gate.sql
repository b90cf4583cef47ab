-- A contact may be held back by the calling rules, and is dialed under a clearance; an instance may be halted. The columns
-- are written as in 0006_due.sql, and for the same reason. No contact is held yet, so the new index is empty.
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(
    sql,
    'safe_harbour_at INTEGER,',
    'safe_harbour_at INTEGER, time_zone TEXT, hold TEXT, asked_due_at INTEGER, clearance TEXT,'
)
WHERE type = 'table' AND name = 'contact';
UPDATE sqlite_master SET sql = replace(sql, 'deleted_at INTEGER', 'deleted_at INTEGER, halted_at INTEGER')
WHERE type = 'table' AND name = 'instance';
PRAGMA writable_schema = RESET;
CREATE INDEX contact_held ON contact (campaign_key) WHERE hold IS NOT NULL AND state = 'Waiting';
CREATE TABLE number_attempt (
    instance_id TEXT NOT NULL REFERENCES instance,
    number_key INTEGER NOT NULL,
    at INTEGER NOT NULL,
    contact_id TEXT NOT NULL,
    PRIMARY KEY (instance_id, number_key, at, contact_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE day_count (
    instance_id TEXT NOT NULL REFERENCES instance,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    day_at INTEGER NOT NULL,
    count INTEGER NOT NULL,
    spend INTEGER NOT NULL,
    PRIMARY KEY (instance_id, day_at, kind, key)
) STRICT, WITHOUT ROWID;
