-- Numbers that are not to be dialed.
CREATE TABLE dnc_list (
    instance_id TEXT NOT NULL REFERENCES instance,
    list_number INTEGER NOT NULL,
    edition INTEGER NOT NULL,
    last_import INTEGER,
    entries INTEGER NOT NULL,
    PRIMARY KEY (instance_id, list_number)
) STRICT, WITHOUT ROWID;
CREATE TABLE dnc_import (
    import_number INTEGER PRIMARY KEY,
    instance_id TEXT NOT NULL REFERENCES instance,
    list_number INTEGER NOT NULL,
    edition INTEGER NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    as_of TEXT,
    parts INTEGER NOT NULL,
    placed INTEGER NOT NULL,
    entries INTEGER NOT NULL
) STRICT;
CREATE TABLE dnc_staged (
    import_number INTEGER NOT NULL,
    part INTEGER NOT NULL,
    piece INTEGER NOT NULL,
    number_keys BLOB NOT NULL,
    PRIMARY KEY (import_number, part, piece)
) STRICT, WITHOUT ROWID;
CREATE TABLE dnc_entry (
    edition INTEGER NOT NULL,
    number_key INTEGER NOT NULL,
    import_number INTEGER NOT NULL,
    PRIMARY KEY (edition, number_key)
) STRICT, WITHOUT ROWID;
