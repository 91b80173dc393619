-- Proof by the sensor itself: what it said while it was back to normal for long enough.

ALTER TABLE evidence
    DROP CONSTRAINT evidence_kind_check,
    ADD CONSTRAINT evidence_kind_check CHECK
        (kind IN ('rule', 'samples_before', 'samples_after', 'registry', 'hit',
                  'correction', 'recovered'));

ALTER TABLE evidence_due
    ADD COLUMN kind text NOT NULL DEFAULT 'samples_after'
        CHECK (kind IN ('samples_after', 'recovered')),
    DROP CONSTRAINT evidence_due_pkey,
    ADD PRIMARY KEY (case_id, kind);
