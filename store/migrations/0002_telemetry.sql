-- Readings and positions; hypertables where TimescaleDB is, ordinary tables elsewhere.

CREATE TABLE reading (
    series_id   integer NOT NULL,
    measured_at timestamptz NOT NULL,
    value       double precision NOT NULL,
    quality     integer NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (series_id, measured_at)
);

CREATE TABLE "position" (
    device_id   integer NOT NULL,
    fixed_at    timestamptz NOT NULL,
    lon_e7      integer NOT NULL,
    lat_e7      integer NOT NULL,
    speed_kmh   real,
    course_deg  real,
    altitude_m  real,
    satellites  smallint,
    hdop        real,
    inputs      integer NOT NULL,
    quality     integer NOT NULL,
    received_at timestamptz NOT NULL,
    PRIMARY KEY (device_id, fixed_at, lon_e7, lat_e7)
);

-- Folds over the journal: the newest believable sample of each series and vehicle.
CREATE TABLE last_reading (
    series_id   integer PRIMARY KEY,
    measured_at timestamptz NOT NULL,
    value       double precision NOT NULL,
    quality     integer NOT NULL,
    received_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE last_position (
    device_id   integer PRIMARY KEY,
    fixed_at    timestamptz NOT NULL,
    lon_e7      integer NOT NULL,
    lat_e7      integer NOT NULL,
    speed_kmh   real,
    course_deg  real,
    quality     integer NOT NULL,
    received_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE quarantine (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest     bytea NOT NULL UNIQUE,     -- of reason, transport, gateway, identity, octets
    reason     text NOT NULL,
    detail     text NOT NULL,
    transport  text NOT NULL,
    gateway    text NOT NULL,
    identity   text NOT NULL,
    peer       text NOT NULL,
    octets     bytea NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen  timestamptz NOT NULL,
    count      bigint NOT NULL
);

DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM create_hypertable('reading', 'measured_at', chunk_time_interval => interval '1 day', create_default_indexes => false);
        PERFORM create_hypertable('position', 'fixed_at', chunk_time_interval => interval '1 day', create_default_indexes => false);
    END IF;
END $$;

-- The community edition: a chunk is compressed once it is a week old. Late rows may still
-- come in; the key stays unique.
DO $$ BEGIN
    IF current_setting('timescaledb.license', true) = 'timescale' THEN
        ALTER TABLE reading SET (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'series_id',
            timescaledb.compress_orderby = 'measured_at'
        );
        ALTER TABLE "position" SET (
            timescaledb.compress,
            timescaledb.compress_segmentby = 'device_id',
            timescaledb.compress_orderby = 'fixed_at, lon_e7, lat_e7'
        );
        PERFORM add_compression_policy('reading', interval '7 days');
        PERFORM add_compression_policy('position', interval '7 days');
    END IF;
END $$;
