-- Rule files, versioned, and the alarms they raised.

CREATE TABLE rule (
    code       text NOT NULL,
    version    integer NOT NULL,
    stage      text NOT NULL CHECK (stage IN ('draft', 'shadow', 'live', 'retired')),
    source     text NOT NULL,             -- the YAML as its author wrote it
    author     text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (code, version)
);
CREATE UNIQUE INDEX rule_one_live ON rule (code) WHERE stage = 'live';

CREATE TABLE alarm (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule          text NOT NULL,
    rule_version  integer NOT NULL,
    device_id     integer NOT NULL,
    severity      text NOT NULL CHECK (severity IN ('minor', 'major', 'critical')),
    raised_seq    bigint NOT NULL,        -- the journal entry that raised it
    raised_at     timestamptz NOT NULL,   -- that entry's time
    measured_at   timestamptz NOT NULL,   -- the deciding sample's own time
    value         double precision,       -- of the deciding sample; NULL for silence
    threshold     double precision,       -- the limit it reached; seconds for silence
    cleared_seq   bigint,
    cleared_at    timestamptz,
    reason_zh     text NOT NULL,
    reason_en     text NOT NULL,
    case_id       bigint,
    UNIQUE (rule, rule_version, device_id, raised_seq, measured_at)  -- a backlog may raise twice
);
CREATE INDEX alarm_active ON alarm (device_id, rule) WHERE cleared_seq IS NULL;
CREATE INDEX alarm_case ON alarm (case_id);
