-- What a backtest needs to tell again exactly what was filed.

-- Where in the journal a step on a case was taken: of the machine's own, the entry that decided; of a person's, the
-- last entry that the rules had dealt with. NULL on older steps.
ALTER TABLE case_step ADD COLUMN seq bigint;

-- The registry by which cases were placed, from which entry on; in pieces, kept beside those of plans.
CREATE TABLE registry_source (
    shard    smallint NOT NULL,
    from_seq bigint NOT NULL,             -- the first entry whose hits are placed by it
    at       timestamptz NOT NULL,        -- journal time when it was taken
    version  bigint NOT NULL,             -- registry_version
    pieces   text[] NOT NULL,             -- plan_piece, in their order: devices/registry/written.py
    PRIMARY KEY (shard, from_seq)
);
