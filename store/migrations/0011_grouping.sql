-- What becomes of an alarm: filed alone, part of something larger, or kept back and why.

ALTER TABLE alarm
    ADD COLUMN handling text NOT NULL DEFAULT 'filed' CHECK (handling IN
        ('filed', 'waiting', 'brief', 'member', 'storm', 'maintenance', 'unstable', 'shadow', 'noted')),
    ADD COLUMN lead_id bigint,            -- the alarm of the group or storm it belongs to
    ADD COLUMN window_id bigint;          -- the maintenance window that kept it back, for good
UPDATE alarm SET handling = 'noted' WHERE case_id IS NULL;
CREATE INDEX alarm_window ON alarm (window_id) WHERE window_id IS NOT NULL;

ALTER TABLE case_file
    DROP CONSTRAINT case_file_subject_kind_check,
    ADD CONSTRAINT case_file_subject_kind_check CHECK
        (subject_kind IN ('component', 'device', 'vehicle', 'cell', 'gateway', 'area')),
    ADD COLUMN shape text NOT NULL DEFAULT 'single' CHECK (shape IN ('single', 'group', 'storm')),
    ADD COLUMN parent_id bigint REFERENCES case_file (id),  -- the group or storm it turned out to be of
    ADD COLUMN unstable_since timestamptz, -- its alarm comes and goes; NULL once it has settled
    ADD COLUMN quiet_hits integer NOT NULL DEFAULT 0;  -- hits that were only counted meanwhile
CREATE INDEX case_parent ON case_file (parent_id) WHERE parent_id IS NOT NULL;

-- Everything a group or a storm is made of; no row ever goes.
CREATE TABLE case_member (
    case_id   bigint NOT NULL REFERENCES case_file (id),
    device_id integer NOT NULL REFERENCES device (id),
    alarm_id  bigint NOT NULL DEFAULT 0,  -- 0: no alarm speaks for the device
    state     text NOT NULL CHECK (state IN ('bad', 'unknown')),
    has_own   boolean NOT NULL,           -- it was filed alone before, or as well
    joined_at timestamptz NOT NULL,       -- journal time
    left_at   timestamptz,                -- its alarm cleared
    PRIMARY KEY (case_id, device_id, alarm_id)
);
CREATE INDEX case_member_alarm ON case_member (alarm_id) WHERE alarm_id <> 0;

-- A dispatcher says that members have nothing to do with each other.
CREATE TABLE case_split (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id      bigint NOT NULL REFERENCES case_file (id),
    rule         text NOT NULL,           -- key of the alarm that the group or storm stood by
    rule_version integer NOT NULL,
    device_id    integer NOT NULL,
    reason       text NOT NULL CHECK (reason <> ''),
    actor        text NOT NULL,
    split_at     timestamptz NOT NULL
);
CREATE INDEX case_split_case ON case_split (case_id);

-- Somebody works there: hits are recorded and counted, and not filed.
CREATE TABLE maintenance_window (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    component_id integer REFERENCES component (id),
    circuit_id   integer REFERENCES device (id),  -- the device and all that hangs from it
    cell_id      integer REFERENCES grid_cell (id),
    rule         text,
    safety       boolean NOT NULL DEFAULT false,  -- matters of safety are kept back too
    from_at      timestamptz NOT NULL,
    until_at     timestamptz NOT NULL,    -- moved forward when it is ended early
    reason       text NOT NULL CHECK (reason <> ''),
    owner        text NOT NULL,           -- who asked for it
    unit_id      integer REFERENCES unit (id),    -- the department it is of; NULL for the centre's
    created_at   timestamptz NOT NULL,
    ended_at     timestamptz,             -- ended early, by whom
    ended_by     text,
    CHECK (until_at >= from_at),
    CHECK (num_nonnulls(component_id, circuit_id, cell_id, rule) > 0),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
CREATE INDEX maintenance_window_until ON maintenance_window (until_at);

-- The triage file: groups, flapping, the storm budget. The newest version is in force.
CREATE TABLE triage_file (
    version    integer PRIMARY KEY,
    source     text NOT NULL,
    author     text NOT NULL,
    created_at timestamptz NOT NULL
);
