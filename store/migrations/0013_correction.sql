-- Samples that came too late to be judged, and what they would have changed.

-- One row for each rule and device, until somebody has looked at them.
CREATE TABLE correction_due (
    rule        text NOT NULL,
    device_id   integer NOT NULL REFERENCES device (id),
    measured_at timestamptz[] NOT NULL,   -- of the late samples; the latest 1,000 that came
    due_at      timestamptz NOT NULL,     -- journal time
    PRIMARY KEY (rule, device_id)
);
CREATE INDEX correction_due_at ON correction_due (due_at);

-- Said beside what was decided, which stays as it is.
CREATE TABLE correction (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL CHECK
        (kind IN ('would_have_raised', 'would_not_have_raised', 'other_severity', 'other_time')),
    rule         text NOT NULL,
    rule_version integer NOT NULL,
    device_id    integer NOT NULL REFERENCES device (id),
    alarm_id     bigint,                  -- the alarm it is about; NULL where there was none
    case_id      bigint REFERENCES case_file (id),
    measured_at  timestamptz NOT NULL,    -- the sample that would have decided, or that did
    cleared_at   timestamptz,             -- of the sample that would have ended it
    severity     text NOT NULL,
    value        double precision,
    late_at      timestamptz[] NOT NULL,  -- the late samples
    found_at     timestamptz NOT NULL,    -- journal time
    UNIQUE (kind, rule, rule_version, device_id, measured_at)
);
CREATE INDEX correction_alarm ON correction (alarm_id) WHERE alarm_id IS NOT NULL;
CREATE INDEX correction_case ON correction (case_id) WHERE case_id IS NOT NULL;

ALTER TABLE evidence
    DROP CONSTRAINT evidence_kind_check,
    ADD CONSTRAINT evidence_kind_check CHECK
        (kind IN ('rule', 'samples_before', 'samples_after', 'registry', 'hit', 'correction'));
