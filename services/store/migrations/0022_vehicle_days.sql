-- What each vehicle did on a service day that is over, so that a month by day is read and not put together.
-- depends: 0020_facility_sums

-- As services/store/rolled_up.py puts it together: told by the device that told most of the day, with what the
-- weighbridges tell. A day without its mark in vehicle_days_summed is put together as it is asked for.
CREATE TABLE vehicle_days (
    service_date date NOT NULL,
    vehicle_id text NOT NULL,
    fixes integer,
    observed_s double precision,
    moving_s double precision,
    distance_m double precision,
    tippings integer NOT NULL,
    tipped_kg double precision NOT NULL,
    PRIMARY KEY (service_date, vehicle_id)
);
CREATE TABLE vehicle_days_summed (
    service_date date PRIMARY KEY
);

-- As before (0019_month_sums), and the same for the days.
CREATE OR REPLACE FUNCTION forget_vehicle_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM vehicle_days_summed WHERE service_date IN (SELECT service_date FROM changed);
    DELETE FROM vehicle_months_summed
    WHERE month IN (SELECT date_trunc('month', service_date)::date FROM changed);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION forget_all_vehicle_months() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM vehicle_days_summed;
    DELETE FROM vehicle_months_summed;
    RETURN NULL;
END $$;
