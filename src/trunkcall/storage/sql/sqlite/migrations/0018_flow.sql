-- Contacts go through flows. The columns are written as in 0006_due.sql, and for the same reason.
PRAGMA writable_schema = ON;
UPDATE sqlite_master
SET sql = replace(
    sql, 'customer_holds TEXT,', 'customer_holds TEXT, flow_progress TEXT, flow_trail TEXT, flow_attributes TEXT,'
)
WHERE type = 'table' AND name = 'contact';
PRAGMA writable_schema = RESET;
