-- An order that was answered and not done: the case keeps the command.

ALTER TABLE evidence
    DROP CONSTRAINT evidence_kind_check,
    ADD CONSTRAINT evidence_kind_check CHECK (kind IN ('rule', 'samples_before',
        'samples_after', 'registry', 'hit', 'correction', 'recovered', 'command'));
