-- Backtests that were asked for over the API: one runs at a time, in a process of its own.

CREATE TABLE backtest (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state      text NOT NULL DEFAULT 'queued' CHECK
        (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    ask        jsonb NOT NULL,            -- rules, from, to, against live
    author     text NOT NULL,
    asked_at   timestamptz NOT NULL,
    begun_at   timestamptz,
    ended_at   timestamptz,
    progress   real NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    samples    bigint NOT NULL DEFAULT 0, -- readings and fixes judged so far
    failure    text NOT NULL DEFAULT '',
    report     jsonb                      -- all but the lines
);
CREATE INDEX backtest_state ON backtest (id) WHERE state IN ('queued', 'running');

-- What would have been, and was: alarms and cases, each as in the report.
CREATE TABLE backtest_line (
    backtest_id bigint NOT NULL REFERENCES backtest (id) ON DELETE CASCADE,
    what        text NOT NULL CHECK (what IN ('alarm', 'case')),
    place       integer NOT NULL,
    body        jsonb NOT NULL,
    PRIMARY KEY (backtest_id, what, place)
);
