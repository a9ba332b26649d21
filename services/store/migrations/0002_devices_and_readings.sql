-- Devices and what they publish. A device is known to readings by a small integer, which keeps the
-- rows of the large tables short.
-- depends: 0001_town_and_register

CREATE TABLE devices (
    device_key integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    device_id text NOT NULL,
    asset_id text NOT NULL,
    enrolled_at timestamptz NOT NULL,
    revoked_at timestamptz,
    online boolean,
    status_changed_at timestamptz,
    firmware text,
    last_observed_at timestamptz,
    UNIQUE (kind, device_id)
);
CREATE INDEX devices_asset ON devices (kind, asset_id);
COMMENT ON COLUMN devices.asset_id IS 'the vehicle, facility or collection point that the device speaks for';

-- In each reading table (device, observed_at, seq) identifies a reading; a device that does not count has
-- seq -1, so that a reading sent twice is one row.
CREATE TABLE positions (
    observed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    seq bigint NOT NULL DEFAULT -1,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    odometer_m double precision,
    device_key integer NOT NULL,
    speed_kmh real,
    heading_deg real,
    accuracy_m real,
    load_kg real,
    fuel_l real,
    ignition boolean,
    cover_open boolean
);
CREATE UNIQUE INDEX positions_key ON positions (device_key, observed_at, seq);
DO $$ BEGIN PERFORM create_hypertable('positions', 'observed_at', chunk_time_interval => INTERVAL '1 day', create_default_indexes => false); END $$;

CREATE TABLE service_events (
    observed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    seq bigint NOT NULL DEFAULT -1,
    device_key integer NOT NULL,
    collected_kg real,
    point_id text NOT NULL,
    outcome text NOT NULL,
    reason text,
    source text
);
CREATE UNIQUE INDEX service_events_key ON service_events (device_key, observed_at, seq, point_id);
DO $$ BEGIN PERFORM create_hypertable('service_events', 'observed_at', chunk_time_interval => INTERVAL '7 days', create_default_indexes => false); END $$;

CREATE TABLE levels (
    observed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    seq bigint NOT NULL DEFAULT -1,
    device_key integer NOT NULL,
    fill_ratio real NOT NULL,
    temperature_c real,
    battery_ratio real,
    weight_kg real
);
CREATE UNIQUE INDEX levels_key ON levels (device_key, observed_at, seq);
DO $$ BEGIN PERFORM create_hypertable('levels', 'observed_at', chunk_time_interval => INTERVAL '7 days', create_default_indexes => false); END $$;

CREATE TABLE weighings (
    observed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    arrived_at timestamptz,
    seq bigint NOT NULL DEFAULT -1,
    device_key integer NOT NULL,
    net_kg real NOT NULL,
    gross_kg real,
    tare_kg real,
    vehicle_id text NOT NULL,
    direction text NOT NULL
);
CREATE UNIQUE INDEX weighings_key ON weighings (device_key, observed_at, seq, vehicle_id);
DO $$ BEGIN PERFORM create_hypertable('weighings', 'observed_at', chunk_time_interval => INTERVAL '30 days', create_default_indexes => false); END $$;

CREATE TABLE usages (
    observed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    seq bigint NOT NULL DEFAULT -1,
    device_key integer NOT NULL,
    entries integer,
    occupied_stalls integer,
    total_stalls integer,
    nh3_ppm real,
    h2s_ppm real,
    water_l double precision,
    open boolean
);
CREATE UNIQUE INDEX usages_key ON usages (device_key, observed_at, seq);
DO $$ BEGIN PERFORM create_hypertable('usages', 'observed_at', chunk_time_interval => INTERVAL '7 days', create_default_indexes => false); END $$;

-- The newest fix of each vehicle's device, kept by ingest in the transaction that stores the fix; it never goes back.
CREATE TABLE latest_positions (
    device_key integer PRIMARY KEY REFERENCES devices ON DELETE CASCADE,
    observed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    speed_kmh real,
    heading_deg real,
    load_kg real,
    odometer_m double precision,
    ignition boolean,
    cover_open boolean
) WITH (fillfactor = 50);

-- One row per stored batch and message kind: what clearance has yet to look at. It takes rows by deleting them.
CREATE TABLE stored_batches (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message text NOT NULL,
    device_keys integer[] NOT NULL,
    observed_from timestamptz NOT NULL,
    observed_to timestamptz NOT NULL,
    row_count integer NOT NULL
);

-- What was refused, as it came. `reason` is a code, `detail` a sentence.
CREATE TABLE dead_letters (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    topic text NOT NULL,
    payload bytea NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    device_key integer,
    retried_at timestamptz
);
CREATE INDEX dead_letters_received ON dead_letters (received_at DESC);
CREATE INDEX dead_letters_reason ON dead_letters (reason, received_at DESC);
