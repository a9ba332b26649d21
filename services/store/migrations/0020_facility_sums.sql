-- The sums of stations and toilets by service day and month, so that a year of their utilisation is some hundred rows.
-- depends: 0019_month_sums

-- One row for each facility (and side of a toilet) that was heard in the day, as services/domain/facility_sums.py has
-- them. A day without its mark in facility_days is not summed; one that has its mark and no row of a facility knows that
-- nothing was heard of it.
CREATE TABLE station_days (
    service_date date NOT NULL,
    facility_id text NOT NULL,
    heard_s double precision NOT NULL,
    heard_promised_s double precision NOT NULL,
    weighings bigint NOT NULL,
    weighings_in bigint NOT NULL,
    in_g bigint NOT NULL,
    out_g bigint NOT NULL,
    unknown_trucks bigint NOT NULL,
    impossible_weights bigint NOT NULL,
    days_over_capacity bigint NOT NULL,
    turnarounds bigint NOT NULL,
    turnaround_us bigint NOT NULL,
    waiting_us bigint NOT NULL,
    tipping_us bigint NOT NULL,
    peak_g bigint NOT NULL,
    peak_s double precision NOT NULL,
    PRIMARY KEY (service_date, facility_id)
);
CREATE TABLE toilet_days (
    service_date date NOT NULL,
    facility_id text NOT NULL,
    side text NOT NULL,
    heard_s double precision NOT NULL,
    heard_promised_s double precision NOT NULL,
    counts bigint NOT NULL,
    entries double precision NOT NULL,
    stalls_told bigint NOT NULL,
    stall_s double precision NOT NULL,
    taken_stall_s double precision NOT NULL,
    full_s double precision NOT NULL,
    taken_told bigint NOT NULL,
    stall_promised_s double precision NOT NULL,
    openings_told bigint NOT NULL,
    told_promised_s double precision NOT NULL,
    open_promised_s double precision NOT NULL,
    odours_told bigint NOT NULL,
    odour_s double precision NOT NULL,
    water_told bigint NOT NULL,
    water_ml bigint NOT NULL,
    PRIMARY KEY (service_date, facility_id, side)
);
-- A month stands under its first day, and is there once all of its days are summed.
CREATE TABLE station_months (LIKE station_days INCLUDING ALL);
CREATE TABLE toilet_months (LIKE toilet_days INCLUDING ALL);

CREATE TABLE facility_days (
    kind text NOT NULL CHECK (kind IN ('station', 'toilet')),
    service_date date NOT NULL,
    PRIMARY KEY (kind, service_date)
);
CREATE TABLE facility_months (LIKE facility_days INCLUDING ALL);

-- Facilities whose sums were made of what is not so any more; who reads sums takes no notice of theirs, until the
-- process that makes them has made them anew. Of late readings batches_to_roll_up tells.
CREATE TABLE facility_sums_to_forget (
    facility_id text PRIMARY KEY
);

CREATE FUNCTION forget_facility_sums() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO facility_sums_to_forget VALUES (new.facility_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER facility_taken_in AFTER INSERT ON facilities
    FOR EACH ROW EXECUTE FUNCTION forget_facility_sums();
CREATE TRIGGER facility_changed AFTER UPDATE ON facilities
    FOR EACH ROW WHEN ((old.kind, old.design_t_per_day, old.tip_s, old.open_start_s, old.open_end_s, old.toilet_class,
            old.stalls_male, old.stalls_female, old.stalls_accessible)
        IS DISTINCT FROM (new.kind, new.design_t_per_day, new.tip_s, new.open_start_s, new.open_end_s,
            new.toilet_class, new.stalls_male, new.stalls_female, new.stalls_accessible))
    EXECUTE FUNCTION forget_facility_sums();

CREATE FUNCTION forget_sums_of_device() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO facility_sums_to_forget SELECT DISTINCT unnest(ARRAY[old.asset_id, new.asset_id])
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER facility_device_speaks_for_another AFTER UPDATE OF asset_id, kind ON devices
    FOR EACH ROW WHEN (old.asset_id <> new.asset_id OR old.kind <> new.kind)
    EXECUTE FUNCTION forget_sums_of_device();

-- Which kinds of facility what was changed is about: the trigger's arguments.
CREATE FUNCTION forget_sums_of_kinds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO facility_sums_to_forget SELECT facility_id FROM facilities WHERE kind = ANY (tg_argv)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER weighed_vehicle_taken_in AFTER INSERT ON vehicles FOR EACH ROW
    EXECUTE FUNCTION forget_sums_of_kinds('transfer_station', 'landfill', 'incinerator', 'construction_landfill');
CREATE TRIGGER weighed_vehicle_taken_out AFTER DELETE ON vehicles FOR EACH ROW
    EXECUTE FUNCTION forget_sums_of_kinds('transfer_station', 'landfill', 'incinerator', 'construction_landfill');
CREATE TRIGGER weighed_vehicle_changed AFTER UPDATE ON vehicles
    FOR EACH ROW WHEN (old.capacity_kg IS DISTINCT FROM new.capacity_kg OR old.vehicle_id <> new.vehicle_id)
    EXECUTE FUNCTION forget_sums_of_kinds('transfer_station', 'landfill', 'incinerator', 'construction_landfill');
CREATE TRIGGER odour_limit_changed AFTER INSERT OR UPDATE OR DELETE ON standard_limits
    FOR EACH STATEMENT EXECUTE FUNCTION forget_sums_of_kinds('public_toilet');
CREATE TRIGGER day_begins_elsewhen AFTER UPDATE ON town
    FOR EACH ROW WHEN (old.timezone <> new.timezone OR old.day_start <> new.day_start)
    EXECUTE FUNCTION forget_sums_of_kinds('transfer_station', 'landfill', 'incinerator', 'construction_landfill',
        'public_toilet');

-- Readings are not taken back by any of our programs; who does so by hand need not think of the sums.
CREATE FUNCTION forget_sums_of_reading() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO facility_sums_to_forget
    SELECT asset_id FROM devices WHERE device_key = old.device_key AND kind IN ('station', 'toilet')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER weighing_taken_back AFTER UPDATE OR DELETE ON weighings
    FOR EACH ROW EXECUTE FUNCTION forget_sums_of_reading();
CREATE TRIGGER level_taken_back AFTER UPDATE OR DELETE ON levels
    FOR EACH ROW EXECUTE FUNCTION forget_sums_of_reading();
CREATE TRIGGER usage_taken_back AFTER UPDATE OR DELETE ON usages
    FOR EACH ROW EXECUTE FUNCTION forget_sums_of_reading();

-- So that those of stations and toilets are found quickly among the positions'.
CREATE INDEX batches_to_roll_up_of_facilities ON batches_to_roll_up (batch_id) WHERE message <> 'position';
