-- By what the rules worker judged, from which entry on, for as long as the journal reaches back.

-- A part of what plans were compiled from, once however many plans it is in.
CREATE TABLE plan_piece (
    key  text PRIMARY KEY,                -- of its octets
    body bytea NOT NULL                   -- zlib
);
ALTER TABLE plan_piece ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE plan_source (
    shard    smallint NOT NULL,
    from_seq bigint NOT NULL,             -- the first entry it judged
    at       timestamptz NOT NULL,        -- journal time when it was taken
    key      text NOT NULL,               -- rules/plan/plan_source.py: plan_key
    is_anew  boolean NOT NULL,            -- the engine had lost its state: it began with what stood
    pieces   text[] NOT NULL,             -- in their order: the source, cut
    PRIMARY KEY (shard, from_seq)
);

-- The journal entry that told of a change, so that it is taken there, however late that is.
ALTER TABLE rule_step ADD COLUMN seq bigint;        -- NULL only until the entry is written
UPDATE rule_step SET seq = 0;
CREATE INDEX rule_step_untold ON rule_step (code) WHERE seq IS NULL;
ALTER TABLE triage_file ADD COLUMN seq bigint;
UPDATE triage_file SET seq = 0;
