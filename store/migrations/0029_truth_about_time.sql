-- A correction that later samples make untrue says so, and stays beside the one that is true.

-- Late samples that were looked at: the next look leaves them out as well where it asks
-- what was decided without them.
CREATE TABLE correction_late (
    rule        text NOT NULL,
    device_id   integer NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    measured_at timestamptz NOT NULL,
    PRIMARY KEY (rule, device_id, measured_at)
);

ALTER TABLE correction
    ADD COLUMN superseded_at      timestamptz,   -- journal time; NULL while it is true
    ADD COLUMN superseded_by      bigint REFERENCES correction (id)
        DEFERRABLE INITIALLY DEFERRED,       -- the one in its place, written after it
    ADD COLUMN superseded_why     text CHECK (superseded_why IN ('replaced', 'withdrawn')),
    ADD COLUMN superseded_late_at timestamptz[], -- the late samples that made it untrue
    ADD CONSTRAINT correction_superseded_whole CHECK
        ((superseded_at IS NULL) = (superseded_why IS NULL)
         AND (superseded_at IS NULL) = (superseded_late_at IS NULL)
         AND (superseded_by IS NOT NULL) = (superseded_why IS NOT DISTINCT FROM 'replaced')),
    DROP CONSTRAINT correction_kind_rule_rule_version_device_id_measured_at_key;
-- What was withdrawn may come to be true again.
CREATE UNIQUE INDEX correction_standing
    ON correction (rule, device_id, measured_at, kind) WHERE superseded_at IS NULL;
CREATE INDEX correction_of_device ON correction (rule, device_id, id);

-- A stretch of stored samples is judged with what devices were told in it.
CREATE INDEX command_step_taken ON command_step (taken_at);
