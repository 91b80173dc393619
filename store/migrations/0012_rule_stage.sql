-- The life of a rule's versions, and how many cases a department can take.

ALTER TABLE rule ADD COLUMN note text NOT NULL DEFAULT '';  -- what its author says has changed
CREATE UNIQUE INDEX rule_one_shadow ON rule (code) WHERE stage = 'shadow';

-- Every stage a version has come to; the first is when it was put in.
CREATE TABLE rule_step (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code       text NOT NULL,
    version    integer NOT NULL,
    from_stage text CHECK (from_stage IN ('draft', 'shadow', 'live', 'retired')),
    to_stage   text NOT NULL CHECK (to_stage IN ('draft', 'shadow', 'live', 'retired')),
    author     text NOT NULL,
    taken_at   timestamptz NOT NULL,
    note       text NOT NULL DEFAULT '',
    FOREIGN KEY (code, version) REFERENCES rule (code, version)
);
CREATE INDEX rule_step_rule ON rule_step (code, version, id);
INSERT INTO rule_step (code, version, to_stage, author, taken_at)
    SELECT code, version, stage, author, created_at FROM rule ORDER BY created_at, code, version;
CREATE INDEX alarm_shadow ON alarm (rule, rule_version, id) WHERE handling = 'shadow';

-- What a department says it can take; nobody is held to it, going live above it warns.
CREATE TABLE unit_capacity (
    unit_id       integer PRIMARY KEY REFERENCES unit (id),
    cases_per_day double precision NOT NULL CHECK (cases_per_day > 0),
    author        text NOT NULL,
    stated_at     timestamptz NOT NULL
);
