-- The journal: what the platform learned, in the order it learned it; also its clock.

CREATE TABLE journal (
    shard       smallint NOT NULL,
    seq         bigint NOT NULL,          -- dense per shard, in commit order
    received_at timestamptz NOT NULL,     -- never before that of an earlier entry
    kind        smallint NOT NULL,        -- store/journal.py: Kind
    row_count   integer NOT NULL,
    body        bytea NOT NULL,
    PRIMARY KEY (shard, seq)
);

-- Taken with a row lock for the last moment of a writer's transaction, so that sequence
-- order is commit order and a rolled-back writer leaves no gap.
CREATE TABLE journal_head (
    shard       smallint PRIMARY KEY,
    seq         bigint NOT NULL,
    received_at timestamptz NOT NULL
) WITH (fillfactor = 10);
INSERT INTO journal_head (shard, seq, received_at) VALUES (0, 0, '1970-01-01T00:00:00Z');

-- How far each consumer has got; moved in the transaction that holds its output.
CREATE TABLE cursor (
    consumer text NOT NULL,
    shard    smallint NOT NULL,
    seq      bigint NOT NULL,
    PRIMARY KEY (consumer, shard)
) WITH (fillfactor = 10);

-- A consumer's whole state after `seq`: a restart folds again from here, without output
-- up to its cursor.
CREATE TABLE checkpoint (
    consumer text NOT NULL,
    shard    smallint NOT NULL,
    seq      bigint NOT NULL,
    key      text NOT NULL,               -- of rules and registry; another key, another state
    state    bytea NOT NULL,
    PRIMARY KEY (consumer, shard)
);

-- Columns of numbers: a third of the time of pglz for the same size.
DO $$ BEGIN
    ALTER TABLE journal ALTER COLUMN body SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported OR invalid_parameter_value THEN
    NULL;                                 -- a server built without it
END $$;

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM create_hypertable('journal', 'seq', chunk_time_interval => 200000, create_default_indexes => false);
    END IF;
END $$;
