-- The districts of a plan that is being made, for any planner to take; gone when the plan is done.
-- depends: 0016_what_people_report

-- Who works on one holds it until `held_until` and prolongs that; one that is held no more is anybody's. `ends_at` is
-- when the plan goes on without it. `problem` and `result` are as services/routing/sharing.py writes them.
CREATE TABLE plan_districts (
    district_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id uuid NOT NULL REFERENCES plans ON DELETE CASCADE,
    visits integer NOT NULL,
    problem bytea NOT NULL,
    ends_at timestamptz NOT NULL,
    held_until timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    cost bigint,
    unserved integer,
    result bytea,
    taken_by text
);
CREATE INDEX plan_districts_plan ON plan_districts (plan_id);
