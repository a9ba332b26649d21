-- What the office corrects by hand: a due visit set cleared or missed by somebody, with the reason. What is decided from
-- the readings goes on beneath (decided_…), and comes back when the correction is undone.
-- depends: 0010_alarm_limits

CREATE TABLE due_visit_corrections (
    correction_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    service_date date NOT NULL,
    point_id text NOT NULL,
    occurrence integer NOT NULL,
    status text NOT NULL CHECK (status IN ('cleared', 'missed')),
    note text NOT NULL,
    corrected_by text NOT NULL,
    corrected_at timestamptz NOT NULL,
    undone_at timestamptz,
    undone_by text,
    undone_note text,
    decided_status text NOT NULL,
    decided_visit_id bigint REFERENCES visits ON DELETE SET NULL,
    decided_cleared_at timestamptz,
    decided_vehicle_id text,
    decided_reason text,
    decided_changed_at timestamptz
);
CREATE UNIQUE INDEX due_visit_corrections_standing ON due_visit_corrections (service_date, point_id, occurrence)
    WHERE undone_at IS NULL;
COMMENT ON COLUMN due_visit_corrections.decided_changed_at IS 'when readings last changed the decision under the correction';

ALTER TABLE due_visits ADD COLUMN correction_id bigint REFERENCES due_visit_corrections;

-- Who made a change and why; none where it was decided from the readings. decided_status is what the readings said
-- while a correction stood.
ALTER TABLE due_visit_changes ADD COLUMN changed_by text, ADD COLUMN note text, ADD COLUMN decided_status text;
