-- A contact is dialed over one of several trunks. The column is written as in 0006_due.sql, and for the same reason.
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, 'previous_contact_id TEXT,', 'previous_contact_id TEXT, trunk_id TEXT,')
WHERE type = 'table' AND name = 'contact';
PRAGMA writable_schema = RESET;
