-- A contact may be due later than it was accepted, and a later attempt at the same person is a contact of its own that has
-- no client token. SQLite has no statement that takes a NOT NULL away; what its manual advises for a constraint that
-- changes nothing on disk, other than copying the table, is to write the table's definition (lang_altertable, section 7).
-- The columns are written there as ALTER TABLE would: of a STRICT table newer versions of SQLite read every row before
-- they add one, and refuse for the sake of a single row that the disk has changed.
PRAGMA writable_schema = ON;
UPDATE sqlite_master SET sql = replace(
    replace(sql, 'client_token TEXT NOT NULL', 'client_token TEXT'),
    'UNIQUE (campaign_key', 'due_at INTEGER NOT NULL DEFAULT 0, previous_contact_id TEXT, UNIQUE (campaign_key'
)
WHERE type = 'table' AND name = 'contact';
PRAGMA writable_schema = RESET;
-- The new index is made from the rows. A contact that waits and that the former one has at another campaign, or whose row
-- says that it does not wait, is set aside as ever, lest it be dialed for somebody else or never end.
INSERT INTO quarantine (sequence, campaign_key, damage, waiting)
SELECT found.sequence, found.campaign_key, 'Misplaced', 1
FROM (SELECT sequence, campaign_key FROM contact INDEXED BY contact_waiting WHERE state = 'Waiting' LIMIT -1) AS found
CROSS JOIN contact ON contact.sequence = found.sequence
WHERE contact.campaign_key IS NOT found.campaign_key OR contact.state IS NOT 'Waiting'
ON CONFLICT DO NOTHING;
DROP INDEX contact_waiting;
CREATE INDEX contact_waiting ON contact (campaign_key, due_at) WHERE state = 'Waiting';
