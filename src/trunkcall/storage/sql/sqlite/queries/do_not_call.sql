-- Do-not-call lists: what is on them, and imports.

-- dnc_listed --
-- :lists and :number_keys are JSON arrays.
SELECT list_number, number_key
FROM json_each(:number_keys) AS wanted
    CROSS JOIN dnc_entry ON dnc_entry.number_key = wanted.value
    CROSS JOIN dnc_list ON dnc_list.instance_id = :instance_id AND dnc_list.edition = dnc_entry.edition
WHERE list_number IN (SELECT value FROM json_each(:lists));

-- dnc_entries_of --
SELECT dnc_list.list_number, source, reason, dnc_import.at
FROM dnc_entry
    CROSS JOIN dnc_list ON dnc_list.instance_id = :instance_id AND dnc_list.edition = dnc_entry.edition
    LEFT JOIN dnc_import ON dnc_import.import_number = dnc_entry.import_number
WHERE dnc_entry.number_key = :number_key ORDER BY dnc_list.list_number;

-- dnc_list --
SELECT edition, last_import, entries FROM dnc_list WHERE instance_id = :instance_id AND list_number = :list_number;

-- do_not_call_lists --
SELECT kind, id, name, version, document, deleted_at, 1 AS editions
FROM fact WHERE instance_id = :instance_id AND kind = :kind;

-- remove_dnc_list --
DELETE FROM dnc_list WHERE instance_id = :instance_id AND list_number = :list_number;

-- put_dnc_list --
INSERT INTO dnc_list (instance_id, list_number, edition, last_import, entries)
VALUES (:instance_id, :list_number, :edition, :last_import, :entries)
ON CONFLICT (instance_id, list_number) DO UPDATE
SET edition = excluded.edition, last_import = excluded.last_import, entries = excluded.entries;

-- insert_dnc_import --
INSERT INTO dnc_import (instance_id, list_number, edition, source, reason, at, as_of, parts, placed, entries)
VALUES (:instance_id, :list_number, 0, :source, :reason, :at, :as_of, :parts, 0, 0)
RETURNING import_number;

-- dnc_import --
SELECT * FROM dnc_import WHERE import_number = :import_number AND instance_id = :instance_id;

-- set_dnc_import --
UPDATE dnc_import SET edition = :edition, placed = :placed, entries = :entries WHERE import_number = :import_number;

-- put_dnc_entries --
INSERT INTO dnc_entry (number_key, edition, import_number)
SELECT value, :edition, :import_number FROM json_each(:number_keys) WHERE true
ON CONFLICT DO NOTHING;

-- put_dnc_edition --
INSERT INTO dnc_edition (edition, erased_before) VALUES (:edition, :erased_before) ON CONFLICT DO NOTHING;

-- remove_dnc_entries --
DELETE FROM dnc_entry
WHERE number_key IN (SELECT value FROM json_each(:number_keys)) AND edition = :edition;

-- next_dnc_piece --
SELECT coalesce(max(piece), 0) + 1 AS piece FROM dnc_staged WHERE import_number = :import_number AND part = :part;

-- first_dnc_staged --
SELECT piece FROM dnc_staged WHERE import_number = :import_number LIMIT 1;

-- stage_dnc_entries --
INSERT INTO dnc_staged (import_number, part, piece, number_keys) VALUES (:import_number, :part, :piece, :number_keys);

-- staged_dnc_entries --
SELECT number_keys FROM dnc_staged WHERE import_number = :import_number AND part = :part ORDER BY piece;

-- stale_dnc_import --
-- One that is not the last of its list, or has ended. One after the other through those of which there is something,
-- without a look at what there is.
WITH RECURSIVE staged (number) AS (
    SELECT min(import_number) FROM dnc_staged
    UNION ALL
    SELECT (SELECT min(import_number) FROM dnc_staged WHERE import_number > number)
    FROM staged WHERE number IS NOT NULL
)
SELECT number FROM staged
WHERE number IS NOT NULL AND number NOT IN (
    SELECT import_number FROM dnc_list JOIN dnc_import ON import_number = last_import WHERE placed < parts
)
LIMIT 1;

-- sweep_dnc_staged --
DELETE FROM dnc_staged
WHERE import_number = :import_number AND (part, piece) IN (
    SELECT part, piece FROM dnc_staged WHERE import_number = :import_number LIMIT :limit
);

-- stale_dnc_edition --
SELECT edition, erased_before FROM dnc_edition
WHERE edition NOT IN (SELECT edition FROM dnc_list)
    AND edition NOT IN (SELECT dnc_import.edition FROM dnc_list JOIN dnc_import ON import_number = last_import)
LIMIT 1;

-- dnc_entries_from --
-- The last of the next :limit entries, of whatever editions.
SELECT max(number_key) AS last_key
FROM (SELECT number_key FROM dnc_entry WHERE number_key >= :first_key ORDER BY number_key LIMIT :limit);

-- sweep_dnc_entries --
DELETE FROM dnc_entry WHERE number_key BETWEEN :first_key AND :last_key AND edition = :edition;

-- swept_dnc_edition --
UPDATE dnc_edition SET erased_before = :erased_before WHERE edition = :edition;

-- remove_dnc_edition --
DELETE FROM dnc_edition WHERE edition = :edition;
