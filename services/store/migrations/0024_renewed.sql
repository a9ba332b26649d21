-- What works bring to a facility: stalls, a class, a design throughput.
-- depends: 0021_kept_routes

-- renewed: fields of the register by name. Of a phase in service they hold from its first day on, until another phase or
-- the register says otherwise; of works they are what these are to bring, and nothing holds yet. The first phase
-- (begins_on -infinity) keeps what the register said of the same fields before any works.
ALTER TABLE facility_phases ADD COLUMN renewed jsonb NOT NULL DEFAULT '{}';

-- Sums of past days are made of the stalls and the class that a facility had on them.
CREATE FUNCTION forget_sums_of_renewal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO facility_sums_to_forget SELECT DISTINCT facility_id FROM (VALUES (old.facility_id), (new.facility_id))
        AS told (facility_id) WHERE facility_id IS NOT NULL
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER facility_renewal_noted AFTER INSERT ON facility_phases
    FOR EACH ROW WHEN (new.renewed <> '{}') EXECUTE FUNCTION forget_sums_of_renewal();
CREATE TRIGGER facility_renewal_changed AFTER UPDATE ON facility_phases
    FOR EACH ROW WHEN ((old.renewed, old.status) IS DISTINCT FROM (new.renewed, new.status))
    EXECUTE FUNCTION forget_sums_of_renewal();
CREATE TRIGGER facility_renewal_forgotten AFTER DELETE ON facility_phases
    FOR EACH ROW WHEN (old.renewed <> '{}') EXECUTE FUNCTION forget_sums_of_renewal();
