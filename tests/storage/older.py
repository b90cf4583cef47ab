"""Stores as earlier versions of Trunkcall have left them, of any size."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from trunkcall.domain.instants import MINUTE, SECOND
from trunkcall.storage.sqlite import schema

ACCEPTED_AT = 1_700_000_000 * SECOND
_BEFORE_FACTS = 4
"""The last version with a table for each kind of what there is around the campaigns."""

# Of ten contacts seven wait, two have ended, and one is talked to.
_CENTRE = """
INSERT INTO instance (instance_id, alias, created_at, onboarded) VALUES ('centre', 'default', 0, 1);
INSERT INTO queue VALUES ('centre', 'sales', 'Sales', '+12025550100'), ('centre', 'service', 'Service', NULL);
INSERT INTO contact_flow VALUES ('centre', 'flow', 'Default outbound flow');
INSERT INTO phone_number VALUES ('centre', '+12025550100', '+12025550100');
INSERT INTO routing_profile VALUES ('centre', 'basic', 'Basic', '["sales","service"]');
INSERT INTO agent VALUES ('centre', 'ada', 'ada', 'basic'), ('centre', 'bob', 'bob', 'basic');
INSERT INTO campaign (
    campaign_id, arn, instance_id, name, dialer_type, contact_flow_id, queue_id, state, created_at, tags, version
) VALUES ('spring', 'arn:spring', 'centre', 'Spring', 'progressive', 'flow', 'sales', 'Running', 0, '{}', 1);
UPDATE counter SET value = 1 WHERE name = 'campaign_version';
"""
_CONTACTS = """
INSERT INTO contact (
    sequence, contact_id, campaign_key, client_token, phone_number, attributes, state,
    accepted_at, expires_at, updated_at, attempts, leg_id, attempted_at, answered_at, ended_at, disposition,
    disconnect_reason
)
WITH RECURSIVE number (n, state) AS (
    SELECT 1, 'Waiting'
    UNION ALL
    SELECT n + 1, CASE WHEN (n + 1) % 10 < 7 THEN 'Waiting' WHEN (n + 1) % 10 < 9 THEN 'Ended' ELSE 'Answered' END
    FROM number WHERE n < :contacts
)
SELECT n, printf('%08x-0000-7000-8000-%012x', n, n), 1, printf('token-%08d', n), printf('+1212555%04d', n % 10000),
    printf('{"account_number":"AC-%08d"}', n), state,
    :at, :at + :hour, :at, state <> 'Waiting', iif(state = 'Waiting', NULL, printf('leg-%d', n)),
    iif(state = 'Waiting', NULL, :at), iif(state = 'Answered', :at, NULL), iif(state = 'Ended', :at, NULL),
    iif(state = 'Ended', 'busy', NULL), iif(state = 'Ended', 'TELECOM_BUSY', NULL)
FROM number
"""
_COUNTS = """
UPDATE counter SET value = (SELECT count(*) FROM contact) WHERE name = 'contact_sequence';
UPDATE backlog SET accepted = (SELECT count(*) FROM contact),
    waiting = (SELECT count(*) FROM contact WHERE state = 'Waiting');
INSERT INTO disposition_count SELECT 1, disposition, count(*) FROM contact WHERE disposition IS NOT NULL GROUP BY 2;
"""


def make_older_store(path: Path, *, version: int, contacts: int) -> None:
    """A store of this schema version, closed, with a campaign of so many contacts."""
    schema.create_file(path)
    with closing(schema.connect(path, 5 * SECOND, read_only=False)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        for migration in schema.MIGRATIONS[: min(version, _BEFORE_FACTS)]:
            connection.executescript(migration)
        connection.executescript(_CENTRE)
        for migration in schema.MIGRATIONS[_BEFORE_FACTS:version]:
            connection.executescript(migration)
        connection.execute("BEGIN")
        connection.execute(_CONTACTS, {"at": ACCEPTED_AT, "hour": 60 * MINUTE, "contacts": contacts})
        connection.execute("COMMIT")
        connection.executescript(_COUNTS)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def contents(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every table with every row."""
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in names}
