-- The life cycle of facilities with its dates, and what inspections, faults and repairs found of their condition.
-- depends: 0006_keeping

-- The phases of a facility; its row in facilities has the status of the one that today belongs to. The first one of each
-- (begins_on -infinity) is the status that it had before any phase was noted. replaced_by serves in its place meanwhile.
CREATE TABLE facility_phases (
    facility_id text NOT NULL REFERENCES facilities ON DELETE CASCADE,
    begins_on date NOT NULL,
    status text NOT NULL,
    replaced_by text REFERENCES facilities ON DELETE SET NULL,
    note text NOT NULL DEFAULT '',
    noted_by text NOT NULL,
    PRIMARY KEY (facility_id, begins_on)
);

-- A repair names the fault that it ends. subject_kind: a facility, or a point for its containers and bins.
CREATE TABLE upkeep (
    upkeep_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_kind text NOT NULL CHECK (subject_kind IN ('facility', 'point')),
    subject_id text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('inspection', 'fault', 'repair')),
    happened_at timestamptz NOT NULL,
    condition text CHECK (condition IN ('good', 'worn', 'broken')),
    fault_id bigint REFERENCES upkeep ON DELETE CASCADE,
    note text NOT NULL DEFAULT '',
    noted_by text NOT NULL
);
CREATE INDEX upkeep_subject ON upkeep (subject_kind, subject_id, happened_at DESC);
CREATE UNIQUE INDEX upkeep_fault ON upkeep (fault_id);

-- What a map says of a facility beyond the register: tags of OpenStreetMap, and the element that it is there.
CREATE TABLE facility_tags (
    facility_id text PRIMARY KEY REFERENCES facilities ON DELETE CASCADE,
    osm_id text,
    tags jsonb NOT NULL DEFAULT '{}'
);
