-- An attempt to a number is noted for each dial, so its row is to be small. One whose contact or campaign the disk has made
-- unreadable is left out: whose it is nobody knows.
ALTER TABLE number_attempt RENAME TO former_attempt;
CREATE TABLE number_attempt (
    number_key INTEGER NOT NULL,
    at INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    campaign_key INTEGER NOT NULL REFERENCES campaign,
    PRIMARY KEY (number_key, at, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO number_attempt (number_key, at, sequence, campaign_key)
SELECT number_key, at, contact.sequence, campaign.campaign_key
FROM former_attempt CROSS JOIN contact USING (contact_id) CROSS JOIN campaign USING (campaign_key)
WHERE typeof(number_key) = 'integer' AND typeof(at) = 'integer';
DROP TABLE former_attempt;
