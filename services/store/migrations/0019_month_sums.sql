-- Sums by month of what is summed by day: a year is twelve rows a group and not 365.
-- depends: 0016_what_people_report

-- The months whose sums hold: all of their days are summed, and nothing of them was changed since.
CREATE TABLE clearance_months (
    month date PRIMARY KEY
);

CREATE TABLE clearance_month_sums (
    grouping text NOT NULL,
    month date NOT NULL,
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
CREATE INDEX clearance_month_sums_month ON clearance_month_sums (grouping, month);

-- Which transactions changed a day: as long as a reader finds the same ones, its figures are the same. Numbers are given
-- under the day's lock; who sums a day may therefore take out all but the last one.
CREATE TABLE clearance_changes (
    service_date date NOT NULL,
    transaction xid8 NOT NULL,
    change_number bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (service_date, transaction)
);

-- As before (0015_clearance_sums), and the same for the day's month. A month is noted only once it is over, so the
-- changes of today touch none.
CREATE OR REPLACE FUNCTION forget_clearance_sums() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    day date;
    first_day date;
BEGIN
    FOR day IN SELECT DISTINCT service_date FROM changed ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock_shared(1668047201, day - date '2000-01-01');
        DELETE FROM clearance_days WHERE service_date = day;
        INSERT INTO clearance_changes (service_date, transaction) VALUES (day, pg_current_xact_id())
        ON CONFLICT DO NOTHING;
    END LOOP;
    FOR first_day IN SELECT DISTINCT date_trunc('month', service_date)::date FROM changed ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock_shared(1668047202, first_day - date '2000-01-01');
        DELETE FROM clearance_months WHERE month = first_day;
    END LOOP;
    RETURN NULL;
END $$;

-- A few days are found among those of years.
CREATE INDEX position_days_date ON position_days (service_date);
CREATE INDEX level_days_date ON level_days (service_date);
CREATE INDEX weighing_days_date ON weighing_days (service_date);

-- What a vehicle did in a month: the sums of its days, each told by the device that told most of it.
CREATE TABLE vehicle_months (
    month date NOT NULL,
    vehicle_id text NOT NULL,
    fixes bigint,
    observed_s double precision,
    moving_s double precision,
    distance_m double precision,
    tippings integer NOT NULL,
    tipped_kg double precision NOT NULL,
    PRIMARY KEY (month, vehicle_id)
);
CREATE TABLE vehicle_months_summed (
    month date PRIMARY KEY
);

CREATE FUNCTION forget_vehicle_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM vehicle_months_summed
    WHERE month IN (SELECT date_trunc('month', service_date)::date FROM changed);
    RETURN NULL;
END $$;
CREATE TRIGGER position_days_added AFTER INSERT ON position_days
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_vehicle_months();
CREATE TRIGGER position_days_changed AFTER UPDATE ON position_days
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_vehicle_months();
CREATE TRIGGER position_days_taken_away AFTER DELETE ON position_days
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_vehicle_months();
CREATE TRIGGER weighing_days_added AFTER INSERT ON weighing_days
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_vehicle_months();
CREATE TRIGGER weighing_days_changed AFTER UPDATE ON weighing_days
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_vehicle_months();
CREATE TRIGGER weighing_days_taken_away AFTER DELETE ON weighing_days
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION forget_vehicle_months();

-- Which days a device or a vehicle has is not looked up: a register changes seldom.
CREATE FUNCTION forget_all_vehicle_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM vehicle_months_summed;
    RETURN NULL;
END $$;
CREATE TRIGGER device_speaks_for_another AFTER UPDATE OF asset_id, kind ON devices
    FOR EACH ROW WHEN (old.asset_id <> new.asset_id OR old.kind <> new.kind)
    EXECUTE FUNCTION forget_all_vehicle_months();
CREATE TRIGGER vehicle_taken_in AFTER INSERT ON vehicles
    FOR EACH ROW EXECUTE FUNCTION forget_all_vehicle_months();
CREATE TRIGGER vehicle_taken_out AFTER DELETE ON vehicles
    FOR EACH ROW EXECUTE FUNCTION forget_all_vehicle_months();
