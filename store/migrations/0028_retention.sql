-- What is kept how long: how far the job that drops the rest has come, and what it leaves.

-- The clock it goes by: follows the journal's, but never faster than twice real time, so
-- that a machine whose clock jumps ahead does not drop what is not old.
CREATE TABLE retention_clock (
    one     boolean PRIMARY KEY DEFAULT true CHECK (one),
    at      timestamptz NOT NULL,         -- what it says
    told_at timestamptz NOT NULL,         -- what the journal said at that look
    ran_at  timestamptz NOT NULL          -- this machine's clock at that look
) WITH (fillfactor = 50);

CREATE TABLE retention (
    what         text PRIMARY KEY,        -- rules/retention/policy.py: What
    keep_days    integer,                 -- NULL: for ever
    kept_from    timestamptz,             -- all since then is there; NULL: nothing was dropped
    chunks       bigint NOT NULL DEFAULT 0,   -- dropped so far
    rows         bigint NOT NULL DEFAULT 0,   -- deleted one by one so far
    dropped_at   timestamptz,             -- by the clock above: the last time
    holding      jsonb NOT NULL DEFAULT '[]', -- who needs what would go otherwise
    failure      text NOT NULL DEFAULT ''     -- why the last run left something; '' if it did not
) WITH (fillfactor = 50);

-- Entries that are told nowhere else, copied here before their chunk is dropped.
CREATE TABLE journal_fact (
    shard       smallint NOT NULL,
    seq         bigint NOT NULL,
    received_at timestamptz NOT NULL,
    kind        smallint NOT NULL,
    body        bytea NOT NULL,
    PRIMARY KEY (shard, seq)
);

CREATE INDEX command_settled ON command (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX quarantine_first_seen ON quarantine (first_seen); -- never moves, unlike the last

-- A bundle may be kept before there is a case, when the journal would not wait for it.
ALTER TABLE bundle ALTER COLUMN case_id DROP NOT NULL;

-- What came too late to be judged even now: the samples around it are not kept any more.
ALTER TABLE correction
    DROP CONSTRAINT correction_kind_check,
    ADD CONSTRAINT correction_kind_check CHECK
        (kind IN ('would_have_raised', 'would_not_have_raised', 'other_severity',
                  'other_time', 'cannot_judge'));
