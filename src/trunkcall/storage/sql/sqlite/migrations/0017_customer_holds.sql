-- Agents may put customers on hold by their telephones. The column is written as in 0006_due.sql, and for the same reason.
PRAGMA writable_schema = ON;
UPDATE sqlite_master
SET sql = replace(sql, 'recordings_deleted_at INTEGER,', 'recordings_deleted_at INTEGER, customer_holds TEXT,')
WHERE type = 'table' AND name = 'contact';
PRAGMA writable_schema = RESET;
