-- What each visit of a plan was planned on, and the way to the history that it was forecast from.
-- depends: 0003_plans_and_visits

-- A revision has rows of its own only for what was told of it; for all others those of the plan that it revises hold.
CREATE TABLE plan_demands (
    plan_id uuid NOT NULL REFERENCES plans ON DELETE CASCADE,
    point_id text NOT NULL,
    occurrence integer NOT NULL,
    kg double precision NOT NULL,
    registered_kg double precision NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (plan_id, point_id, occurrence)
);

CREATE INDEX collected_weights_date ON collected_weights (service_date);
