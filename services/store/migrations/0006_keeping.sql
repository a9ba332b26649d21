-- What is kept when raw readings go: rollups by hour and service day, and the measures of facilities.
-- depends: 0004_people_and_alarms

-- One row per stored batch and message kind, with the span of each device's readings: what the rollups have yet to
-- take in. They delete the rows they take, as clearance does with stored_batches.
CREATE TABLE batches_to_roll_up (
    batch_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    message text NOT NULL,
    device_keys integer[] NOT NULL,
    observed_from timestamptz[] NOT NULL,
    observed_to timestamptz[] NOT NULL
);

-- The hours of each device that are to be rolled up once they are over.
CREATE TABLE hours_to_roll_up (
    message text NOT NULL,
    hour_start timestamptz NOT NULL,
    device_key integer NOT NULL,
    PRIMARY KEY (message, hour_start, device_key)
);

-- observed_s is for how much of the hour the device was heard: what is missing to 3,600 is a gap, and no quiet time.
CREATE TABLE position_hours (
    hour_start timestamptz NOT NULL,
    service_date date NOT NULL,
    device_key integer NOT NULL,
    fixes integer NOT NULL,
    observed_s real NOT NULL,
    moving_s real NOT NULL,
    distance_m real NOT NULL
);
CREATE UNIQUE INDEX position_hours_key ON position_hours (device_key, hour_start);
CREATE INDEX position_hours_date ON position_hours (service_date);
DO $$ BEGIN PERFORM create_hypertable('position_hours', 'hour_start', chunk_time_interval => INTERVAL '90 days', create_default_indexes => false); END $$;

CREATE TABLE position_days (
    service_date date NOT NULL,
    device_key integer NOT NULL,
    fixes integer NOT NULL,
    observed_s real NOT NULL,
    moving_s real NOT NULL,
    distance_m real NOT NULL,
    PRIMARY KEY (device_key, service_date)
);

-- An hour between two readings that are near enough has no reading of its own, but is no gap either.
CREATE TABLE level_hours (
    hour_start timestamptz NOT NULL,
    service_date date NOT NULL,
    device_key integer NOT NULL,
    readings integer NOT NULL,
    observed_s real NOT NULL,
    fill_ratio_min real,
    fill_ratio_mean real,
    fill_ratio_max real,
    fill_ratio_last real
);
CREATE UNIQUE INDEX level_hours_key ON level_hours (device_key, hour_start);
CREATE INDEX level_hours_date ON level_hours (service_date);
DO $$ BEGIN PERFORM create_hypertable('level_hours', 'hour_start', chunk_time_interval => INTERVAL '90 days', create_default_indexes => false); END $$;

CREATE TABLE level_days (
    service_date date NOT NULL,
    device_key integer NOT NULL,
    readings integer NOT NULL,
    observed_s real NOT NULL,
    fill_ratio_min real,
    fill_ratio_mean real,
    fill_ratio_max real,
    fill_ratio_last real,
    PRIMARY KEY (device_key, service_date)
);

-- Weighings are few, so these keep the vehicle too: what a vehicle tipped and what a facility took in are both sums.
CREATE TABLE weighing_hours (
    hour_start timestamptz NOT NULL,
    service_date date NOT NULL,
    device_key integer NOT NULL,
    vehicle_id text NOT NULL,
    direction text NOT NULL,
    weighings integer NOT NULL,
    net_kg double precision NOT NULL
);
CREATE UNIQUE INDEX weighing_hours_key ON weighing_hours (device_key, hour_start, vehicle_id, direction);
CREATE INDEX weighing_hours_date ON weighing_hours (service_date);
DO $$ BEGIN PERFORM create_hypertable('weighing_hours', 'hour_start', chunk_time_interval => INTERVAL '90 days', create_default_indexes => false); END $$;

CREATE TABLE weighing_days (
    service_date date NOT NULL,
    device_key integer NOT NULL,
    vehicle_id text NOT NULL,
    direction text NOT NULL,
    weighings integer NOT NULL,
    net_kg double precision NOT NULL,
    PRIMARY KEY (device_key, service_date, vehicle_id, direction)
);

-- The measures of services/facilities, kept when the readings that they are made from are about to go. The month,
-- service day or hour (`bucket`) begins at span_start.
CREATE TABLE facility_measures (
    span_start timestamptz NOT NULL,
    span_end timestamptz NOT NULL,
    facility_id text NOT NULL,
    bucket text NOT NULL,
    name text,
    zone_id text,
    observed_ratio double precision NOT NULL,
    measures jsonb NOT NULL
);
CREATE UNIQUE INDEX facility_measures_key ON facility_measures (bucket, facility_id, span_start);
DO $$ BEGIN PERFORM create_hypertable('facility_measures', 'span_start', chunk_time_interval => INTERVAL '90 days', create_default_indexes => false); END $$;

-- Readings (or hours) of this span may be gone; no row as long as none are. Those of a day that is simulated long
-- before anything was ever stored are all there.
CREATE TABLE dropped_spans (
    what text PRIMARY KEY CHECK (what IN ('readings', 'hours')),
    dropped_from timestamptz NOT NULL,
    dropped_to timestamptz NOT NULL
);

-- What was stored before there were rollups is rolled up now.
INSERT INTO batches_to_roll_up (message, device_keys, observed_from, observed_to)
SELECT message, array_agg(device_key), array_agg(observed_from), array_agg(observed_to)
FROM (
    SELECT 'position' AS message, device_key, time_bucket('1 day', observed_at) AS day,
        min(observed_at) AS observed_from, max(observed_at) AS observed_to FROM positions GROUP BY 2, 3
    UNION ALL SELECT 'level', device_key, time_bucket('1 day', observed_at), min(observed_at), max(observed_at)
        FROM levels GROUP BY 2, 3
    UNION ALL SELECT 'weighing', device_key, time_bucket('1 day', observed_at), min(observed_at), max(observed_at)
        FROM weighings GROUP BY 2, 3
) AS readings
GROUP BY message, day;
