-- What people tell by hand: drivers of their stops, and the photos that drivers and residents send with it.
-- depends: 0006_keeping

-- One row for each press of a driver, under the number that the phone gave it, so that what is sent twice is one.
-- The same transaction stores it as a reading in service_events, with `report_number` as its seq.
CREATE TABLE driver_reports (
    report_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report_id uuid NOT NULL UNIQUE,
    service_date date NOT NULL,
    vehicle_id text NOT NULL,
    point_id text NOT NULL,
    occurrence integer,
    observed_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    outcome text NOT NULL,
    reason text,
    note text,
    lon double precision,
    lat double precision,
    accuracy_m double precision,
    reported_by text NOT NULL
);
CREATE INDEX driver_reports_day ON driver_reports (service_date, point_id);

-- A photo belongs to a driver's report or to a case, which has one at most.
CREATE TABLE photos (
    photo_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    report_number bigint UNIQUE REFERENCES driver_reports ON DELETE CASCADE,
    case_id bigint UNIQUE REFERENCES cases ON DELETE CASCADE,
    received_at timestamptz NOT NULL,
    media_type text NOT NULL,
    content bytea NOT NULL,
    CHECK (num_nonnulls(report_number, case_id) = 1)
);
