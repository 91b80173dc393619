-- What became of the samples that each version of a rule was asked to judge.

CREATE TABLE rule_samples (
    shard    integer NOT NULL,
    code     text NOT NULL,
    version  integer NOT NULL,
    judged   bigint NOT NULL,
    refused  bigint NOT NULL,             -- for their quality, or said twice
    late     bigint NOT NULL,             -- older than what had been judged
    since_at timestamptz NOT NULL,        -- journal time of the first and the last count
    last_at  timestamptz NOT NULL,
    late_at  timestamptz,                 -- of the last count with a late one
    PRIMARY KEY (shard, code, version)
) WITH (fillfactor = 50);
