-- Proof of no loss: what is missing of the messages that gateways number, written in the
-- transaction of the messages themselves. And the quarantine as something people work on.

CREATE TABLE sequence_epoch (             -- one run of a gateway's counter
    gateway_id    integer NOT NULL REFERENCES gateway (id),
    epoch         integer NOT NULL,       -- which run, from 1
    first_seq     bigint NOT NULL,        -- lowest number heard
    last_seq      bigint NOT NULL,        -- highest number heard
    first_sent_at timestamptz,            -- earliest and latest time of making, by the
    last_sent_at  timestamptz,            -- gateway's clock; NULL if it never said
    repeated      bigint NOT NULL,        -- messages that came again
    unlisted      bigint NOT NULL,        -- numbers missing in gaps too many to be listed
    began_at      timestamptz NOT NULL,   -- when we heard its first message
    heard_at      timestamptz NOT NULL,   -- when we heard its last message
    PRIMARY KEY (gateway_id, epoch),
    CHECK (first_seq <= last_seq)
) WITH (fillfactor = 50);

CREATE TABLE sequence_gap (               -- numbers between first and last not heard
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway_id integer NOT NULL,
    epoch      integer NOT NULL,
    first_seq  bigint NOT NULL,
    last_seq   bigint NOT NULL,
    opened_at  timestamptz NOT NULL,
    closed_at  timestamptz,               -- when they came after all
    FOREIGN KEY (gateway_id, epoch) REFERENCES sequence_epoch (gateway_id, epoch) ON DELETE CASCADE,
    CHECK (first_seq <= last_seq)
);
CREATE UNIQUE INDEX sequence_gap_open ON sequence_gap (gateway_id, epoch, first_seq) WHERE closed_at IS NULL;
CREATE INDEX sequence_gap_page ON sequence_gap (gateway_id, id);

ALTER TABLE quarantine
    ADD COLUMN topic              text NOT NULL DEFAULT '', -- where a whole MQTT payload was published
    ADD COLUMN retry_requested_at timestamptz,              -- somebody asked to try again
    ADD COLUMN retried_at         timestamptz;              -- the last try, which failed
CREATE INDEX quarantine_requested ON quarantine (retry_requested_at) WHERE retry_requested_at IS NOT NULL;

-- What a device said that was not registered, message by message: the newest of them, in
-- a ring, until it is registered and they are tried again.
CREATE TABLE quarantine_message (
    quarantine_id bigint NOT NULL REFERENCES quarantine (id) ON DELETE CASCADE,
    slot          integer NOT NULL,
    ordinal       bigint NOT NULL,        -- which message of its row, from 1
    received_at   timestamptz NOT NULL,
    octets        bytea NOT NULL,
    PRIMARY KEY (quarantine_id, slot)
);
