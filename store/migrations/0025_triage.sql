-- What the triage file's authors say of it, and what keeps the rules process from judging.

ALTER TABLE triage_file ADD COLUMN note text NOT NULL DEFAULT '';  -- what its author says has changed

-- What the rules process could not do, and went on without. Counted, not repeated.
CREATE TABLE rules_fault (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shard        integer NOT NULL,
    what         text NOT NULL CHECK (what IN ('entry', 'rule', 'plan', 'triage', 'alarm', 'case')),
    rule         text NOT NULL,           -- empty if it is about none; so the version: 0
    rule_version integer NOT NULL,
    reason       text NOT NULL,
    first_seq    bigint NOT NULL,         -- the journal entries and their times
    first_at     timestamptz NOT NULL,
    last_seq     bigint NOT NULL,
    last_at      timestamptz NOT NULL,
    count        bigint NOT NULL,
    UNIQUE (shard, what, rule, rule_version, reason)
);
CREATE INDEX rules_fault_newest ON rules_fault (last_at);

-- Versions of rules that do not judge, for they broke; the others go on without them.
CREATE TABLE rule_halt (
    code      text NOT NULL,
    version   integer NOT NULL,
    reason    text NOT NULL,
    since_seq bigint NOT NULL,            -- the journal entry that it broke at
    since_at  timestamptz NOT NULL,
    retry_at  timestamptz,                -- journal time of the next try; NULL while it judges again
    failures  integer NOT NULL,           -- how often it broke
    PRIMARY KEY (code, version),
    FOREIGN KEY (code, version) REFERENCES rule (code, version)
);
