-- The schema of the SQLite store as it is now. migrations/ lead to the same schema; a test compares the two.
--
-- Instants are integer microseconds since the Unix epoch, UTC. States, dispositions and reasons are the values of the
-- enums in trunkcall.domain, as text. Personal data of customers is in contact.phone_number, contact.client_token and
-- contact.attributes, that of agents in fact.name and fact.document, and nowhere else.

-- Numbers that only grow. They are kept here, not derived by max(): a number is never handed out twice, whatever rows
-- are erased.
CREATE TABLE counter (
    name TEXT PRIMARY KEY, -- contact_sequence: the last one given; campaign_version and fact_version: likewise
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counter (name, value) VALUES ('contact_sequence', 0), ('campaign_version', 0), ('fact_version', 0);

-- The contact centre ---------------------------------------------------------------------------------------------

CREATE TABLE instance (
    instance_id TEXT PRIMARY KEY NOT NULL,
    alias TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    onboarded INTEGER NOT NULL, -- 0 or 1
    encryption_enabled INTEGER NOT NULL DEFAULT 0, -- 0 or 1
    encryption_type TEXT,
    encryption_key_arn TEXT,
    retention_days INTEGER, -- NULL: personal data is kept for ever
    campaigns INTEGER NOT NULL DEFAULT 0, -- that were not deleted; triggers count them
    document TEXT NOT NULL DEFAULT '{}', -- a JSON object: what the other columns do not say
    deleted_at INTEGER, -- the row stays, and so do its contacts
    halted_at INTEGER -- since when nothing is originated for it; NULL: it is
) STRICT;

-- What there is around the campaigns: queues, agents and so on. They are many kinds (FactKind), few of each, and slow to
-- change, so they are of one shape. Rows are in the order of creation, and stay once removed.
CREATE TABLE fact (
    instance_id TEXT NOT NULL REFERENCES instance,
    kind TEXT NOT NULL, -- FactKind
    id TEXT NOT NULL,
    name TEXT NOT NULL, -- of a phone number the number, E.164: the centre's own, not a customer's
    version INTEGER NOT NULL, -- counter fact_version at the row's last change
    document TEXT NOT NULL, -- a JSON object: what id and name do not say
    deleted_at INTEGER,
    PRIMARY KEY (instance_id, kind, id)
) STRICT;

CREATE INDEX fact_by_version ON fact (instance_id, version);
CREATE INDEX fact_by_name ON fact (instance_id, kind, name) WHERE deleted_at IS NULL;

-- The status that each agent has chosen last.
CREATE TABLE presence (
    instance_id TEXT NOT NULL REFERENCES instance,
    agent_id TEXT NOT NULL,
    status_id TEXT NOT NULL, -- a fact's, or one that every instance has
    chosen_at INTEGER NOT NULL,
    PRIMARY KEY (instance_id, agent_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE onboarding_job (
    instance_id TEXT PRIMARY KEY NOT NULL REFERENCES instance,
    status TEXT NOT NULL, -- OnboardingStatus
    encryption_enabled INTEGER NOT NULL,
    encryption_type TEXT,
    encryption_key_arn TEXT,
    started_at INTEGER NOT NULL,
    failure TEXT -- OnboardingFailure
) STRICT;

-- What was erased: only the count stays.
CREATE TABLE erasure (
    at INTEGER NOT NULL,
    reason TEXT NOT NULL, -- ErasureReason
    contacts INTEGER NOT NULL
) STRICT;

CREATE TABLE access_key (
    access_key_id TEXT PRIMARY KEY NOT NULL,
    encrypted_secret BLOB NOT NULL,
    policy TEXT NOT NULL, -- an IAM policy document, JSON
    created_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

-- Who dials for an instance. The row outlives the lease, so that the token grows for ever.
CREATE TABLE lease (
    instance_id TEXT PRIMARY KEY NOT NULL REFERENCES instance,
    token INTEGER NOT NULL,
    owner TEXT, -- NULL once released
    expires_at INTEGER NOT NULL -- by the store's own clock
) STRICT;

-- Legs of agents that stay up from one contact to the next. It has no index beside it that could disagree with a row: a
-- session that the disk has changed is one that the carrier does not have, and its leg one that nobody knows.
CREATE TABLE session (
    instance_id TEXT NOT NULL REFERENCES instance,
    agent_id TEXT NOT NULL,
    leg_id TEXT NOT NULL,
    host TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    PRIMARY KEY (instance_id, agent_id)
) STRICT, WITHOUT ROWID;

-- Campaigns --------------------------------------------------------------------------------------------------------

CREATE TABLE campaign (
    campaign_key INTEGER PRIMARY KEY, -- what the rows of contacts refer to; a text id would double their indexes
    campaign_id TEXT NOT NULL UNIQUE,
    arn TEXT NOT NULL,
    instance_id TEXT NOT NULL REFERENCES instance,
    name TEXT NOT NULL,
    dialer_type TEXT NOT NULL, -- DialerType
    bandwidth_allocation REAL,
    dialing_capacity REAL,
    contact_flow_id TEXT NOT NULL,
    queue_id TEXT,
    source_phone_number TEXT,
    detection_enabled INTEGER, -- 0, 1, or NULL: no answerMachineDetectionConfig was given
    detection_await_prompt INTEGER, -- 0, 1, or NULL: not given
    state TEXT NOT NULL, -- CampaignState
    created_at INTEGER NOT NULL,
    tags TEXT NOT NULL, -- a JSON object
    deleted_at INTEGER,
    version INTEGER NOT NULL -- counter campaign_version at the row's last change
) STRICT;

CREATE UNIQUE INDEX campaign_by_name ON campaign (instance_id, name) WHERE deleted_at IS NULL;
CREATE INDEX campaign_listed ON campaign (created_at, campaign_id) WHERE deleted_at IS NULL;
CREATE INDEX campaign_listed_of_instance ON campaign (instance_id, created_at, campaign_id) WHERE deleted_at IS NULL;
CREATE INDEX campaign_running ON campaign (instance_id) WHERE state = 'Running';
CREATE INDEX campaign_by_version ON campaign (instance_id, version) WHERE state <> 'Initialized';

-- Counts of a campaign's contacts, written in the transaction that changes the contacts: counting a million rows has no
-- place on the way of a request.
CREATE TABLE backlog (
    campaign_key INTEGER PRIMARY KEY REFERENCES campaign,
    accepted INTEGER NOT NULL DEFAULT 0, -- all of them, ever
    waiting INTEGER NOT NULL DEFAULT 0 CHECK (waiting >= 0)
) STRICT;

CREATE TRIGGER campaign_created AFTER INSERT ON campaign
BEGIN
    INSERT INTO backlog (campaign_key) VALUES (new.campaign_key);
    UPDATE instance SET campaigns = campaigns + 1 WHERE instance_id = new.instance_id;
END;

CREATE TRIGGER campaign_deleted AFTER UPDATE OF deleted_at ON campaign
WHEN old.deleted_at IS NULL AND new.deleted_at IS NOT NULL
BEGIN
    UPDATE instance SET campaigns = campaigns - 1 WHERE instance_id = new.instance_id;
END;

CREATE TABLE disposition_count (
    campaign_key INTEGER NOT NULL REFERENCES campaign,
    disposition TEXT NOT NULL, -- Disposition
    contacts INTEGER NOT NULL,
    PRIMARY KEY (campaign_key, disposition)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledger (
    campaign_key INTEGER NOT NULL REFERENCES campaign,
    minute_at INTEGER NOT NULL, -- the beginning of the minute
    live_answers INTEGER NOT NULL,
    abandoned INTEGER NOT NULL,
    PRIMARY KEY (campaign_key, minute_at)
) STRICT, WITHOUT ROWID;

-- Contacts ---------------------------------------------------------------------------------------------------------

-- A dial request and, once accepted, its record. Columns are NULL until the thing has happened.
CREATE TABLE contact (
    sequence INTEGER PRIMARY KEY, -- order of acceptance, from counter contact_sequence
    contact_id TEXT NOT NULL UNIQUE,
    campaign_key INTEGER NOT NULL REFERENCES campaign,
    client_token TEXT, -- NULL: a later attempt, of our own making
    phone_number TEXT NOT NULL, -- E.164
    attributes TEXT NOT NULL, -- a JSON object
    state TEXT NOT NULL DEFAULT 'Waiting', -- ContactState: Waiting, Dialing, …, Ended; all but the two ends are live
    accepted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    leg_id TEXT, -- the customer's leg
    source_phone_number TEXT, -- the number shown, as of the attempt
    attempted_at INTEGER,
    ring_started_at INTEGER,
    answered_at INTEGER,
    detection TEXT, -- DetectionStatus
    greeting_started_at INTEGER,
    greeting_ended_at INTEGER,
    queue_id TEXT,
    queued_at INTEGER,
    agent_id TEXT,
    connected_to_agent_at INTEGER,
    abandoned INTEGER NOT NULL DEFAULT 0, -- 0 or 1
    ended_at INTEGER,
    disposition TEXT, -- Disposition
    disconnect_reason TEXT, -- DisconnectReason
    after_contact_work_ended_at INTEGER,
    agent_leg_id TEXT, -- of the agent who was last rung for it
    seal INTEGER, -- checksums of what was accepted; NULL: erased since, or accepted by a version without seals
    due_at INTEGER NOT NULL DEFAULT 0, -- not to be dialed before; 0: at once
    previous_contact_id TEXT, -- the contact that this is another attempt of; NULL: the first
    trunk_id TEXT, -- over which it was dialed; NULL: by a version that did not note it
    safe_harbour_at INTEGER,
    time_zone TEXT, -- an IANA name that the request gave; NULL: it gave none
    hold TEXT, -- a JSON object: why and until when it was last held back (storage.sqlite.clearances)
    asked_due_at INTEGER, -- what due_at would be without the hold; NULL without one
    clearance TEXT, -- a JSON object: what its attempt was made under, or why it was forbidden
    agent_disposition TEXT, -- what the agent has said that came of it
    recordings TEXT, -- a JSON list of what was recorded (storage.sqlite.recordings); NULL: nothing was to be
    recordings_deleted_at INTEGER, -- when what was recorded was deleted
    customer_holds TEXT, -- when the customer was on hold: +instant of each beginning, -instant of each end, with spaces
    flow_progress TEXT, -- where it stands in its flow (flows.keeping); NULL: in none
    flow_trail TEXT, -- which actions of flows it has been through, a JSON list on each line (storage.sqlite.flow_columns)
    flow_attributes TEXT, -- a JSON object: attributes that were set since, by its flow or by a program
    UNIQUE (campaign_key, client_token)
) STRICT;

-- Every index ends in the row's sequence by itself, so this one is in the order in which a campaign is dialed: by what is
-- due first, then by acceptance.
CREATE INDEX contact_waiting ON contact (campaign_key, due_at) WHERE state = 'Waiting';
CREATE INDEX contact_waiting_by_expiry ON contact (campaign_key, expires_at) WHERE state = 'Waiting';
CREATE INDEX contact_live ON contact (campaign_key) WHERE state NOT IN ('Waiting', 'Ended');
CREATE INDEX contact_held ON contact (campaign_key) WHERE hold IS NOT NULL AND state = 'Waiting';
-- Contacts whose personal data retention may erase; none while a contact waits, so accepting one costs nothing.
CREATE INDEX contact_ended ON contact (ended_at) WHERE ended_at IS NOT NULL AND phone_number <> '';
-- What was recorded and is kept; none of those who are not recorded, so accepting and dialing them costs nothing.
CREATE INDEX contact_recorded ON contact (ended_at) WHERE recordings IS NOT NULL AND recordings_deleted_at IS NULL;

-- Attempts by number, for as long as calling rules count them. The number is not in it: number_key is a hash of it, made
-- with a key that the store does not hold. It has no index beside it that could disagree with a row.
CREATE TABLE number_attempt (
    number_key INTEGER NOT NULL,
    at INTEGER NOT NULL,
    sequence INTEGER NOT NULL, -- the contact's
    campaign_key INTEGER NOT NULL REFERENCES campaign, -- whose instance counts it
    PRIMARY KEY (number_key, at, sequence)
) STRICT, WITHOUT ROWID;

-- What calling rules count by the day.
CREATE TABLE day_count (
    instance_id TEXT NOT NULL REFERENCES instance,
    kind TEXT NOT NULL, -- HoldReason of the limits that it is counted for
    key TEXT NOT NULL, -- of what: a number that is shown, a prefix, or empty for all
    day_at INTEGER NOT NULL, -- when the day began
    count INTEGER NOT NULL, -- of attempts
    spend INTEGER NOT NULL, -- what they were charged, in millionths of the currency
    PRIMARY KEY (instance_id, day_at, kind, key)
) STRICT, WITHOUT ROWID;

-- Contacts that are not what was written: nothing is done with them until somebody ends them. Their own rows are left as
-- they are: where a row and its index disagree, changing the row is refused.
CREATE TABLE quarantine (
    sequence INTEGER PRIMARY KEY, -- the contact's
    campaign_key INTEGER, -- its campaign, as the indexes know it; NULL: they do not
    damage TEXT NOT NULL, -- Damage
    waiting INTEGER NOT NULL -- 0 or 1: whether backlog.waiting counts it
) STRICT;

-- Do-not-call lists --------------------------------------------------------------------------------------------------

-- The lists are facts; here is what is on them. The numbers are not in it: number_key is a hash of one, made with a key
-- that the store does not hold.
CREATE TABLE dnc_list (
    instance_id TEXT NOT NULL REFERENCES instance,
    list_number INTEGER NOT NULL, -- the fact's id
    edition INTEGER NOT NULL, -- whose entries count; 0: there is none yet
    last_import INTEGER, -- that was begun
    entries INTEGER NOT NULL, -- how many are of the edition
    PRIMARY KEY (instance_id, list_number)
) STRICT, WITHOUT ROWID;

-- Where entries come from: whatever was added at one time. The rows stay once the entries are gone.
CREATE TABLE dnc_import (
    import_number INTEGER PRIMARY KEY,
    instance_id TEXT NOT NULL REFERENCES instance,
    list_number INTEGER NOT NULL,
    edition INTEGER NOT NULL, -- where its entries go; its own number if it takes the place of all that was there
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    as_of TEXT, -- the date of a registry's file
    parts INTEGER NOT NULL,
    placed INTEGER NOT NULL, -- how many parts of it are in its edition: with all of them it has ended
    entries INTEGER NOT NULL -- how many it has put there
) STRICT;

-- What an import brings, until it is finished: number keys of 8 bytes each, in their order.
CREATE TABLE dnc_staged (
    import_number INTEGER NOT NULL,
    part INTEGER NOT NULL, -- which sixteenth of the range of keys
    piece INTEGER NOT NULL,
    number_keys BLOB NOT NULL,
    PRIMARY KEY (import_number, part, piece)
) STRICT, WITHOUT ROWID;

-- By number first: who asks whether a number is on lists finds it once, however many lists there are.
CREATE TABLE dnc_entry (
    number_key INTEGER NOT NULL,
    edition INTEGER NOT NULL,
    import_number INTEGER NOT NULL, -- where it comes from
    PRIMARY KEY (number_key, edition)
) STRICT, WITHOUT ROWID;

-- The editions of which there may be entries. Those of one that is no list's any more are erased from the least key on.
CREATE TABLE dnc_edition (
    edition INTEGER PRIMARY KEY,
    erased_before INTEGER NOT NULL -- number key: those that are less are gone
) STRICT;
