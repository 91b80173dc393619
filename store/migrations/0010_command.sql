-- What devices are told: a queue that outlives every process, and what came of each.

CREATE TABLE command (
    number          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- the order of asking
    id              uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),  -- what goes on the wire
    device_id       integer NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    what            text NOT NULL,        -- vocabulary/command.py: tags of Order
    body            jsonb NOT NULL,       -- the whole order
    asked_by        text NOT NULL,        -- name of the token
    asked_with      text NOT NULL,        -- key of the token; empty on the command line
    asked_role      text NOT NULL,
    idempotency_key text NOT NULL,
    asked_at        timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL, -- by the journal's clock
    state           text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'acked',
        'effect_seen', 'effect_not_seen', 'refused', 'expired', 'cancelled')),
    changed_at      timestamptz NOT NULL,
    settled_at      timestamptz,          -- since when nothing more is awaited of it
    detail          text NOT NULL DEFAULT '', -- why it is in that state, or waits in it
    tries           integer NOT NULL DEFAULT 0, -- how often it was said, or may have been
    tried_at        timestamptz,          -- when it may first have been said
    next_try_at     timestamptz,          -- when to say it (again); NULL: never again
    acked_at        timestamptz,
    effect          jsonb,                -- what should be heard of the device then
    seen_at         timestamptz,          -- when the device measured that
    heard_value     double precision,     -- the newest that was heard of that quantity,
    heard_at        timestamptz,          -- and when the device measured it
    UNIQUE (asked_with, idempotency_key),
    CHECK (expires_at > asked_at)
) WITH (fillfactor = 70);
CREATE INDEX command_open ON command (device_id, number) WHERE settled_at IS NULL;
CREATE INDEX command_device ON command (device_id, number DESC);

CREATE TABLE command_step (               -- every state it came to, and each time it was said
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    number   bigint NOT NULL REFERENCES command (number) ON DELETE CASCADE,
    taken_at timestamptz NOT NULL,
    state    text NOT NULL,               -- the state since
    actor    text NOT NULL,               -- a token's name, 'gezhi' or 'device'
    detail   text NOT NULL DEFAULT ''
);
CREATE INDEX command_step_of ON command_step (number, id);

-- What the queue has handed to the line of JT/T 808, which has a queue of its own.
CREATE TABLE command_terminal (
    number              bigint PRIMARY KEY REFERENCES command (number) ON DELETE CASCADE,
    terminal_command_id bigint NOT NULL UNIQUE REFERENCES terminal_command (id) ON DELETE CASCADE
);
