-- One look finds on which lists a number is. Values that the disk has changed to other types go no further.
CREATE TABLE dnc_edition (
    edition INTEGER PRIMARY KEY,
    erased_before INTEGER NOT NULL
) STRICT;
INSERT INTO dnc_edition (edition, erased_before)
SELECT DISTINCT edition, -9223372036854775808 FROM dnc_entry WHERE typeof(edition) = 'integer';
ALTER TABLE dnc_entry RENAME TO dnc_entry_by_edition;
CREATE TABLE dnc_entry (
    number_key INTEGER NOT NULL,
    edition INTEGER NOT NULL,
    import_number INTEGER NOT NULL,
    PRIMARY KEY (number_key, edition)
) STRICT, WITHOUT ROWID;
INSERT OR IGNORE INTO dnc_entry (number_key, edition, import_number)
SELECT number_key, edition, iif(typeof(import_number) = 'integer', import_number, 0)
FROM dnc_entry_by_edition WHERE typeof(number_key) = 'integer' AND typeof(edition) = 'integer'
ORDER BY number_key, edition;
DROP TABLE dnc_entry_by_edition;
