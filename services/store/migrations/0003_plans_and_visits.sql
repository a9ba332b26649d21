-- Plans with their routes, and the visits that came of them.
-- depends: 0002_devices_and_readings

CREATE TABLE plans (
    plan_id uuid PRIMARY KEY,
    service_date date NOT NULL,
    status text NOT NULL,
    requested_by text NOT NULL,
    requested_at timestamptz NOT NULL,
    request jsonb NOT NULL,
    replans_plan_id uuid REFERENCES plans,
    started_at timestamptz,
    finished_at timestamptz,
    published_at timestamptz,
    superseded_at timestamptz,
    cancel_requested boolean NOT NULL DEFAULT false,
    cost double precision,
    distance_m bigint,
    duration_s bigint,
    served integer,
    notes text[] NOT NULL DEFAULT '{}',
    failure text
);
CREATE INDEX plans_date ON plans (service_date, requested_at DESC);
CREATE UNIQUE INDEX plans_published ON plans (service_date) WHERE published_at IS NOT NULL AND superseded_at IS NULL;

CREATE TABLE routes (
    plan_id uuid NOT NULL REFERENCES plans ON DELETE CASCADE,
    vehicle_id text NOT NULL,
    distance_m integer NOT NULL,
    duration_s integer NOT NULL,
    collected_kg double precision NOT NULL,
    PRIMARY KEY (plan_id, vehicle_id)
);

CREATE TABLE stops (
    plan_id uuid NOT NULL,
    vehicle_id text NOT NULL,
    sequence integer NOT NULL,
    kind text NOT NULL,
    id text,
    occurrence integer,
    arrive_at timestamptz NOT NULL,
    depart_at timestamptz NOT NULL,
    load_kg double precision NOT NULL,
    collected_kg double precision NOT NULL,
    leg_distance_m integer NOT NULL,
    leg_duration_s integer NOT NULL,
    leg_polyline6 text,
    PRIMARY KEY (plan_id, vehicle_id, sequence),
    FOREIGN KEY (plan_id, vehicle_id) REFERENCES routes ON DELETE CASCADE
);
CREATE INDEX stops_point ON stops (plan_id, id) WHERE kind = 'point';

CREATE TABLE unserved (
    plan_id uuid NOT NULL REFERENCES plans ON DELETE CASCADE,
    point_id text NOT NULL,
    occurrence integer NOT NULL,
    reason text NOT NULL,
    detail text NOT NULL,
    PRIMARY KEY (plan_id, point_id, occurrence)
);

CREATE TABLE plan_progress (
    plan_id uuid NOT NULL REFERENCES plans ON DELETE CASCADE,
    elapsed_s double precision NOT NULL,
    cost double precision NOT NULL,
    unserved integer NOT NULL,
    PRIMARY KEY (plan_id, elapsed_s)
);

-- Each vehicle's revisions of a day, so that a terminal and the office can name the one they mean.
CREATE TABLE route_revisions (
    service_date date NOT NULL,
    vehicle_id text NOT NULL,
    revision integer NOT NULL,
    plan_id uuid NOT NULL REFERENCES plans ON DELETE CASCADE,
    published_at timestamptz NOT NULL,
    PRIMARY KEY (service_date, vehicle_id, revision)
);

-- Visits as decided from the readings. A visit that is decided again keeps its row; `evidence` is a list of
-- {kind, observed_from, observed_to, detail}.
CREATE TABLE visits (
    visit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service_date date NOT NULL,
    point_id text NOT NULL,
    vehicle_id text NOT NULL,
    started_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    confidence double precision NOT NULL,
    collected_kg double precision,
    evidence jsonb NOT NULL,
    decided_at timestamptz NOT NULL
);
CREATE INDEX visits_vehicle ON visits (service_date, vehicle_id, started_at);
CREATE INDEX visits_point ON visits (service_date, point_id);

-- What became of each visit that was due. Zone and contractor are those of the day, so that a later change
-- of the register leaves the past as it was; `windows` is [[start, end], ...] as instants.
CREATE TABLE due_visits (
    service_date date NOT NULL,
    point_id text NOT NULL,
    occurrence integer NOT NULL,
    zone_id text,
    contractor_id text,
    windows jsonb NOT NULL,
    due_from timestamptz NOT NULL,
    due_to timestamptz NOT NULL,
    expected_kg double precision NOT NULL,
    status text NOT NULL,
    cleared_at timestamptz,
    visit_id bigint REFERENCES visits ON DELETE SET NULL,
    vehicle_id text,
    planned_vehicle_id text,
    planned_at timestamptz,
    reason text,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (service_date, point_id, occurrence)
);
CREATE INDEX due_visits_status ON due_visits (service_date, status);
CREATE INDEX due_visits_deadline ON due_visits (status, due_to);
CREATE INDEX due_visits_visit ON due_visits (visit_id) WHERE visit_id IS NOT NULL;

-- Every change of what became of a due visit, oldest first; a row of the day's first decision opens each list.
CREATE TABLE due_visit_changes (
    change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service_date date NOT NULL,
    point_id text NOT NULL,
    occurrence integer NOT NULL,
    changed_at timestamptz NOT NULL,
    status text NOT NULL,
    cleared_at timestamptz,
    vehicle_id text,
    reason text
);
CREATE INDEX due_visit_changes_due ON due_visit_changes (service_date, point_id, occurrence, change_id);

-- The day's weighings, shared out over the zones that the refuse came from (services/clearance/weights.py).
CREATE TABLE attributed_weights (
    service_date date NOT NULL,
    hour_start timestamptz NOT NULL,
    vehicle_id text NOT NULL,
    zone_id text,
    contractor_id text,
    tipped_kg double precision NOT NULL,
    received_kg double precision NOT NULL
);
CREATE INDEX attributed_weights_date ON attributed_weights (service_date);
