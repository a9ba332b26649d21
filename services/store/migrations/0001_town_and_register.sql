-- The town, its clock, and its register.
-- depends:

CREATE TABLE town (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    name text NOT NULL,
    timezone text NOT NULL,
    day_start time NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

-- No row means the real clock.
CREATE TABLE town_clock (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    set_at timestamptz NOT NULL,
    shows_at_set timestamptz NOT NULL,
    speed double precision NOT NULL CHECK (speed > 0)
);

CREATE TABLE contractors (
    contractor_id text PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE zones (
    zone_id text PRIMARY KEY,
    name text,
    contractor_id text REFERENCES contractors,
    cleaning_grade text,
    responsible text,
    geometry jsonb NOT NULL
);

CREATE TABLE facilities (
    facility_id text PRIMARY KEY,
    kind text NOT NULL,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    name text,
    zone_id text REFERENCES zones,
    status text NOT NULL,
    opened_on date,
    design_life_years double precision,
    design_t_per_day double precision,
    bays integer,
    tip_s integer,
    open_start_s integer,
    open_end_s integer,
    toilet_class text,
    stalls_male integer NOT NULL DEFAULT 0,
    stalls_female integer NOT NULL DEFAULT 0,
    stalls_accessible integer NOT NULL DEFAULT 0
);
CREATE INDEX facilities_kind ON facilities (kind);

-- windows: [[start_s, end_s], ...] in seconds after local midnight.
CREATE TABLE collection_points (
    point_id text PRIMARY KEY,
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    name text,
    zone_id text REFERENCES zones,
    container_type text NOT NULL,
    containers integer NOT NULL,
    expected_kg double precision NOT NULL,
    visits_per_day double precision NOT NULL,
    windows jsonb NOT NULL,
    service_s integer NOT NULL,
    priority integer NOT NULL
);

CREATE TABLE vehicles (
    vehicle_id text PRIMARY KEY,
    kind text NOT NULL,
    depot_id text NOT NULL REFERENCES facilities,
    capacity_kg double precision NOT NULL,
    plate text,
    capacity_m3 double precision,
    container_types text[],
    shift_start_s integer,
    shift_end_s integer,
    break_s integer NOT NULL,
    break_after_s integer,
    contractor_id text REFERENCES contractors,
    speed_factor double precision NOT NULL,
    cost_per_km double precision NOT NULL,
    cost_per_h double precision NOT NULL,
    fixed_cost double precision NOT NULL
);

CREATE TABLE population_cells (
    lon double precision NOT NULL,
    lat double precision NOT NULL,
    residents double precision NOT NULL,
    PRIMARY KEY (lon, lat)
);

CREATE TABLE collected_weights (
    point_id text NOT NULL REFERENCES collection_points ON DELETE CASCADE,
    service_date date NOT NULL,
    kg double precision NOT NULL,
    PRIMARY KEY (point_id, service_date)
);
