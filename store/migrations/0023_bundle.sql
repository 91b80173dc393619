-- Explanations that outlast the journal: what triage went by, and the bundles of cases.

-- What triage decided in one transaction of the rules worker, the engine's turns it was
-- decided on, and what triage had remembered before of what they have to do with. Goes
-- with the journal's entries.
CREATE TABLE triage_record (
    shard     smallint NOT NULL,
    after_seq bigint NOT NULL,            -- the last entry before the transaction
    until_seq bigint NOT NULL,            -- its last entry
    body      bytea NOT NULL,             -- see rules/triage/record.py
    PRIMARY KEY (shard, until_seq)
);

-- Alarms whose bundle is to be made, once the journal has gone far enough.
CREATE TABLE bundle_due (
    alarm_id bigint PRIMARY KEY,
    due_at   timestamptz NOT NULL,        -- journal time
    tries    integer NOT NULL DEFAULT 0
);
CREATE INDEX bundle_due_at ON bundle_due (due_at);

-- Evidence of a case: all that an alarm was decided on, as it was then, hashed.
CREATE TABLE bundle (
    alarm_id bigint PRIMARY KEY,
    case_id  bigint NOT NULL REFERENCES case_file (id),
    made_at  timestamptz NOT NULL,        -- journal time
    total    text,                        -- SHA-256 of the bundle's chain; NULL if there is none
    octets   bytea,                       -- the bundle, deflated; NULL if none could be made
    why_not  text NOT NULL DEFAULT '',    -- and why
    CHECK ((octets IS NULL) = (total IS NULL)),
    CHECK ((octets IS NULL) = (why_not <> ''))
);
CREATE INDEX bundle_case ON bundle (case_id);
