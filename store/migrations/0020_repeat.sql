-- A problem that comes back: soon after closing it reopens its case, later it is a new one.

ALTER TABLE case_file
    ADD COLUMN reopened_at  timestamptz,                      -- the last time
    ADD COLUMN reopen_count integer NOT NULL DEFAULT 0,
    ADD COLUMN repeat_of    bigint REFERENCES case_file (id), -- the solved case before it
    ADD COLUMN repeat_count integer NOT NULL DEFAULT 0;       -- solved cases before it
CREATE INDEX case_ended ON case_file
    (subject_kind, subject_id, scheme, type, class_code, condition, closed_at DESC)
    WHERE closed_at IS NOT NULL;
