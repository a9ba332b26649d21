-- From which side of the street a truck comes to a point: `any`, or `kerb` for the side on which it stands.
-- depends: 0017_plan_districts

ALTER TABLE collection_points ADD COLUMN approach text NOT NULL DEFAULT 'any' CHECK (approach IN ('any', 'kerb'));
