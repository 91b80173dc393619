-- 案卷: one open case for one problem on one subject, held by an index and not by code.

CREATE TABLE case_file (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number        text NOT NULL UNIQUE CHECK (number ~ '^[0-9]{19}$'),
    type          text NOT NULL CHECK (type IN ('component', 'event')),   -- 部件 | 事件
    scheme        text NOT NULL,
    class_code    text NOT NULL CHECK (class_code ~ '^[0-9]{4}$'),
    condition     text NOT NULL,
    subject_kind  text NOT NULL CHECK (subject_kind IN ('component', 'device', 'vehicle', 'cell')),
    subject_id    integer NOT NULL,
    device_id     integer NOT NULL REFERENCES device (id),
    cell_id       integer REFERENCES grid_cell (id),
    lon           double precision,       -- NULL: a vehicle that never told where it is
    lat           double precision,
    unit_id       integer NOT NULL REFERENCES unit (id),
    unit_reason   text NOT NULL,          -- which routing rule chose the unit
    severity      text NOT NULL CHECK (severity IN ('minor', 'major', 'critical')),
    stage         text NOT NULL,          -- cases/stage.py: Stage
    worker        text NOT NULL DEFAULT '',   -- whom the unit has assigned
    rule          text NOT NULL,
    rule_version  integer NOT NULL,
    title_zh      text NOT NULL,
    title_en      text NOT NULL,
    reason_zh     text NOT NULL,
    reason_en     text NOT NULL,
    opened_at     timestamptz NOT NULL,   -- journal time
    measured_at   timestamptz NOT NULL,   -- the deciding sample's own time
    last_hit_at   timestamptz NOT NULL,
    hit_count     integer NOT NULL DEFAULT 1,
    recovered_at  timestamptz,            -- the sensor itself says it is over
    closed_at     timestamptz,
    simulated     boolean NOT NULL,
    CHECK ((lon IS NULL) = (lat IS NULL)),
    CHECK ((closed_at IS NOT NULL) =
           (stage IN ('closed', 'forced_close', 'not_accepted', 'cancelled')))
);
CREATE UNIQUE INDEX case_one_open ON case_file
    (subject_kind, subject_id, scheme, type, class_code, condition) WHERE closed_at IS NULL;
CREATE INDEX case_subject ON case_file (subject_kind, subject_id, opened_at DESC);
CREATE INDEX case_opened ON case_file (opened_at DESC, id DESC);
CREATE INDEX case_unit ON case_file (unit_id, opened_at DESC);

-- Every clock of a case is computed from these: when it came to a state, and with whom.
CREATE TABLE case_step (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id    bigint NOT NULL REFERENCES case_file (id),
    taken_at   timestamptz NOT NULL,      -- never before that of an earlier step
    move       text NOT NULL,
    from_stage text,
    to_stage   text NOT NULL,
    actor      text NOT NULL,             -- 'rules' or a person's token name
    role       text NOT NULL,
    unit_id    integer REFERENCES unit (id),  -- whose case it is after the step
    worker     text NOT NULL DEFAULT '',
    note       text NOT NULL DEFAULT ''
);
CREATE INDEX case_step_case ON case_step (case_id, id);

CREATE TABLE evidence (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id  bigint NOT NULL REFERENCES case_file (id),
    kind     text NOT NULL CHECK (kind IN ('rule', 'samples_before', 'samples_after', 'registry', 'hit')),
    taken_at timestamptz NOT NULL,
    body     jsonb NOT NULL
);
CREATE INDEX evidence_case ON evidence (case_id, id);

-- Samples after the decision are copied once the journal has passed this time.
CREATE TABLE evidence_due (
    case_id     bigint PRIMARY KEY REFERENCES case_file (id),
    due_at      timestamptz NOT NULL,
    device_id   integer NOT NULL REFERENCES device (id),
    quantity    text,                     -- NULL: all that the device tells
    measured_at timestamptz NOT NULL      -- of the deciding sample
);

CREATE TABLE case_number (                -- last number given per county and day
    county   text NOT NULL,
    day      date NOT NULL,
    last     integer NOT NULL,
    PRIMARY KEY (county, day)
);
