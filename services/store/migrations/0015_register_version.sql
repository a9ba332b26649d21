-- A number that grows with every change of the register, so that what is made of it can be known to still hold.
-- depends: 0014_sessions

CREATE TABLE register_version (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    version bigint NOT NULL
);
INSERT INTO register_version (version) VALUES (0);

CREATE FUNCTION count_register_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE register_version SET version = version + 1;
    RETURN NULL;
END $$;
CREATE TRIGGER contractors_counted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON contractors
    FOR EACH STATEMENT EXECUTE FUNCTION count_register_change();
CREATE TRIGGER zones_counted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON zones
    FOR EACH STATEMENT EXECUTE FUNCTION count_register_change();
CREATE TRIGGER facilities_counted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON facilities
    FOR EACH STATEMENT EXECUTE FUNCTION count_register_change();
CREATE TRIGGER collection_points_counted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON collection_points
    FOR EACH STATEMENT EXECUTE FUNCTION count_register_change();
CREATE TRIGGER vehicles_counted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON vehicles
    FOR EACH STATEMENT EXECUTE FUNCTION count_register_change();
