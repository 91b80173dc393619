-- What a gateway of transport mqtt speaks, and how its devices' payloads and names are read.

ALTER TABLE gateway
    ADD COLUMN format text NOT NULL DEFAULT 'gezhi' CHECK (format IN (
        'gezhi', 'chirpstack4', 'chirpstack3', 'ttn3', 'senml', 'thingsboard', 'sparkplug')),
    -- It publishes on its format's own topics, so the topic alone must say that it is this one.
    ADD COLUMN native_topics boolean NOT NULL DEFAULT false,
    ADD CHECK (format = 'gezhi' OR transport = 'mqtt'),
    ADD CHECK (NOT native_topics OR format NOT IN ('gezhi', 'senml'));

-- Whose topics name no gateway can be one gateway's only; both ChirpStacks share theirs.
-- Deferrable: checked per statement, so that one import may swap two of them.
ALTER TABLE gateway ADD CONSTRAINT gateway_native_topics
    EXCLUDE USING btree (replace(format, 'chirpstack3', 'chirpstack4') WITH =)
    WHERE (native_topics AND format <> 'sparkplug') DEFERRABLE INITIALLY IMMEDIATE;

ALTER TABLE profile
    ADD COLUMN payload_codec text NOT NULL DEFAULT '',  -- of LoRaWAN payloads
    ADD COLUMN aliases       text NOT NULL DEFAULT '';  -- NAME=QUANTITY[*FACTOR][+OFFSET] ...
