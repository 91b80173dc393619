-- 返工: a person closed the case while its own sensor still said that it was bad.

ALTER TABLE case_file ADD COLUMN rework_at timestamptz;  -- when; it is due until recovered_at
CREATE INDEX case_rework ON case_file (opened_at DESC, id DESC)
    WHERE rework_at IS NOT NULL AND recovered_at IS NULL;
