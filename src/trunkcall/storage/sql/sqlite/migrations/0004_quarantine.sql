-- A contact whose row the disk has changed must not stop the others: it is set aside here until somebody ends it.
CREATE TABLE quarantine (
    sequence INTEGER PRIMARY KEY, -- the contact's
    campaign_key INTEGER, -- its campaign, as the indexes know it; NULL: they do not
    damage TEXT NOT NULL, -- Damage
    waiting INTEGER NOT NULL -- 0 or 1: whether backlog.waiting counts it
) STRICT;
