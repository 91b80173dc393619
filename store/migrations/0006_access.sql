-- Who may see and act: opaque tokens, only their hashes kept.

CREATE TABLE api_token (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL,
    key        text NOT NULL UNIQUE,      -- the public half, for look-up
    hash       text NOT NULL,             -- argon2id of the secret half
    role       text NOT NULL CHECK (role IN ('viewer', 'department', 'dispatcher', 'supervisor', 'admin')),
    unit_id    integer REFERENCES unit (id),  -- sees and acts for this unit only
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
