-- What is summed of clearance by day, so that a month or a year is read from some thousand rows and not from millions.
-- depends: 0015_register_version

-- The days whose sums hold. A change of what they were made of takes its day out, and the day is read as it is then.
CREATE TABLE clearance_days (
    service_date date PRIMARY KEY
);

-- grouping is zone, contractor, vehicle or hour; key as the figures name it, contractor_id whose the due visits were.
CREATE TABLE clearance_sums (
    grouping text NOT NULL,
    service_date date NOT NULL,
    key text NOT NULL,
    contractor_id text,
    due integer NOT NULL,
    cleared integer NOT NULL,
    pending integer NOT NULL,
    missed integer NOT NULL,
    corrected integer NOT NULL,
    not_planned integer NOT NULL,
    not_visited integer NOT NULL,
    outside_window integer NOT NULL,
    silent integer NOT NULL,
    expected_kg double precision NOT NULL,
    tipped_kg double precision NOT NULL,
    received_kg double precision NOT NULL
);
CREATE INDEX clearance_sums_date ON clearance_sums (grouping, service_date);

-- The lock is shared by all who change a day; who sums it wants it alone (services/store/clearance_sums.py). So no day
-- is marked as summed while a change of it is under way.
CREATE FUNCTION forget_clearance_sums() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    day date;
BEGIN
    FOR day IN SELECT DISTINCT service_date FROM changed LOOP
        PERFORM pg_advisory_xact_lock_shared(1668047201, day - date '2000-01-01');
        DELETE FROM clearance_days WHERE service_date = day;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER due_visits_added AFTER INSERT ON due_visits
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_clearance_sums();
CREATE TRIGGER due_visits_changed AFTER UPDATE ON due_visits
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_clearance_sums();
CREATE TRIGGER due_visits_taken_away AFTER DELETE ON due_visits
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_clearance_sums();
CREATE TRIGGER attributed_weights_added AFTER INSERT ON attributed_weights
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_clearance_sums();
CREATE TRIGGER attributed_weights_taken_away AFTER DELETE ON attributed_weights
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_clearance_sums();
