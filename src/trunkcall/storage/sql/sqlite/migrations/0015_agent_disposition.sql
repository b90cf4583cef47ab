-- An agent may say what came of a contact. The column is written as in 0006_due.sql, and for the same reason.
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(sql, 'clearance TEXT,', 'clearance TEXT, agent_disposition TEXT,')
WHERE type = 'table' AND name = 'contact';
PRAGMA writable_schema = RESET;
