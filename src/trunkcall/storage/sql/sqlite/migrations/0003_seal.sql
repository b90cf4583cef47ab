-- SQLite has no checksums: a disk that changes a digit of a phone number would have a stranger called. Contacts accepted
-- by an older version have no seal and are taken as they are.
ALTER TABLE contact ADD COLUMN seal INTEGER;
