-- Who signs in, what they changed, what residents report, and what needs attention.
-- depends: 0003_plans_and_visits

CREATE TABLE users (
    user_name text PRIMARY KEY,
    role text NOT NULL,
    password_hash text NOT NULL,
    contractor_id text REFERENCES contractors,
    vehicle_id text,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    failed_sign_ins integer NOT NULL DEFAULT 0,
    locked_until timestamptz
);

CREATE TABLE audit_log (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    happened_at timestamptz NOT NULL,
    user_name text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);

-- An alarm is open while cleared_at is null; the partial index raises each once.
CREATE TABLE alarms (
    alarm_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    raised_at timestamptz NOT NULL,
    cleared_at timestamptz,
    acknowledged_at timestamptz,
    acknowledged_by text,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE UNIQUE INDEX alarms_open ON alarms (kind, subject_kind, subject_id) WHERE cleared_at IS NULL;

CREATE TABLE cases (
    case_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_number text NOT NULL UNIQUE,
    status text NOT NULL,
    source text NOT NULL,
    description text NOT NULL,
    lon double precision,
    lat double precision,
    zone_id text REFERENCES zones,
    reported_at timestamptz NOT NULL,
    deadline_at timestamptz,
    closed_at timestamptz
);

CREATE TABLE assessments (
    period_start date NOT NULL,
    period_end date NOT NULL,
    subject_kind text NOT NULL,
    subject_id text NOT NULL,
    score double precision NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (period_start, period_end, subject_kind, subject_id)
);

-- Figures of the standards: data, with edition, clause, unit and how far the source was checked.
CREATE TABLE standard_limits (
    limit_id text PRIMARY KEY,
    value_low double precision,
    value_high double precision,
    unit text NOT NULL,
    standard text NOT NULL,
    clause text NOT NULL,
    source_status text NOT NULL CHECK (source_status IN ('seen', 'recalled', 'own')),
    note text NOT NULL DEFAULT ''
);
INSERT INTO standard_limits VALUES
    ('toilet_service_radius_m', NULL, 300, 'm', 'GB 55013-2021', 'service radius in towns', 'seen', ''),
    ('toilet_density_residential_per_km2', 3, 5, '1/km²', 'GB/T 50337, CJJ 27', 'density, residential land', 'seen', ''),
    ('toilet_density_green_per_km2', 5, 6, '1/km²', 'GB/T 50337, CJJ 27', 'density, green space and squares', 'seen', ''),
    ('toilet_density_public_per_km2', 4, 11, '1/km²', 'GB/T 50337, CJJ 27', 'density, public, commercial, road and transport land', 'seen', ''),
    ('toilet_nh3_class_1_mg_m3', NULL, 0.3, 'mg/m³', 'GB/T 17217-1998', 'ammonia, class 1', 'seen', 'a 2021 edition exists'),
    ('toilet_nh3_class_2_mg_m3', NULL, 1, 'mg/m³', 'GB/T 17217-1998', 'ammonia, class 2', 'seen', 'a 2021 edition exists'),
    ('toilet_nh3_class_3_mg_m3', NULL, 3, 'mg/m³', 'GB/T 17217-1998', 'ammonia, class 3', 'seen', 'a 2021 edition exists'),
    ('toilet_h2s_mg_m3', NULL, 0.01, 'mg/m³', 'GB/T 17217-1998', 'hydrogen sulphide', 'seen', 'a 2021 edition exists'),
    ('station_haul_small_vehicle_m', 3000, 5000, 'm', 'CJJ/T 47-2016', 'haul by small motor vehicles', 'seen', 'usual and at most'),
    ('alarm_container_fill_ratio', NULL, 0.9, 'ratio', 'CJJ 27-2012', 'appendix A, filling factor 0.75 to 0.9', 'seen', 'alarm'),
    ('alarm_vehicle_silent_min', NULL, 10, 'min', 'the office', 'silence of a truck on its route', 'own', 'alarm'),
    ('alarm_station_silent_min', NULL, 60, 'min', 'the office', 'silence of a station in its opening hours', 'own', 'alarm'),
    ('alarm_toilet_silent_min', NULL, 60, 'min', 'the office', 'silence of a toilet in its opening hours', 'own', 'alarm'),
    ('alarm_container_silent_min', NULL, 240, 'min', 'the office', 'silence of a container', 'own', 'alarm'),
    ('alarm_due_visit_late_min', NULL, 60, 'min', 'the office', 'a due visit so long after its planned time', 'own', 'alarm'),
    ('alarm_due_visit_closing_min', NULL, 30, 'min', 'the office', 'a due visit so shortly before its window closes', 'own', 'alarm'),
    ('target_collection_rate', 0.98, NULL, 'ratio', 'the office', 'target of the collection rate (清运率)', 'own', 'townships 0.85'),
    ('target_treatment_rate', 0.98, NULL, 'ratio', 'the office', 'target of the treatment rate (处理率)', 'own', 'townships 0.85'),
    ('station_haul_by_hand_m', 400, 1000, 'm', 'CJJ/T 47-2016', 'haul by hand', 'seen', 'usual and at most');
