-- Vehicle terminals that register by themselves (JT/T 808), and what they are told to do.

CREATE TABLE terminal_token (             -- what a terminal proves itself with
    device_id  integer PRIMARY KEY REFERENCES device (id) ON DELETE CASCADE,
    digest     bytea NOT NULL CHECK (octet_length(digest) = 32), -- SHA-256 of the token
    made_at    timestamptz NOT NULL,
    -- What it said of itself then, to tell a swapped terminal by.
    maker      text NOT NULL DEFAULT '',
    model      text NOT NULL DEFAULT '',
    serial_id  text NOT NULL DEFAULT '',
    plate      text NOT NULL DEFAULT ''
);

CREATE TABLE terminal_command (           -- asked of a terminal; sent when it is on the line
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device_id   integer NOT NULL REFERENCES device (id) ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind IN ('text', 'position', 'parameters', 'set_parameters', 'geofence', 'drop_geofences')),
    body        jsonb NOT NULL DEFAULT '{}',
    asked_by    text NOT NULL,
    asked_at    timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,     -- not sent after this
    sent_at     timestamptz,
    answered_at timestamptz,
    result      text CHECK (result IN ('ok', 'failed', 'malformed', 'unsupported', 'impossible', 'expired')),
    answer      jsonb,                    -- parameters or position, where asked for
    CHECK ((answered_at IS NULL) = (result IS NULL))
);
CREATE INDEX terminal_command_open ON terminal_command (device_id) WHERE answered_at IS NULL;
