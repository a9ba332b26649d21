-- Each change of what answers are made of is announced, whoever makes it, so that an answer can be kept as long as it
-- holds (services/api/announcements.py). Readings have announcements of their own.
-- depends: 0021_kept_routes

CREATE FUNCTION announce_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('table_changed', tg_table_name);
    RETURN NULL;
END $$;

DO $$
DECLARE
    changing text;
BEGIN
    FOREACH changing IN ARRAY ARRAY[
        'town', 'town_clock', 'contractors', 'zones', 'facilities', 'collection_points', 'vehicles', 'devices',
        'latest_positions', 'plans', 'routes', 'stops', 'plan_demands', 'route_revisions', 'attributed_weights',
        'alarms', 'cases', 'photos', 'standard_limits'
    ] LOOP
        EXECUTE format(
            'CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I '
            'FOR EACH STATEMENT EXECUTE FUNCTION announce_change()', changing || '_announced', changing);
    END LOOP;
END $$;

-- Of visits also which points they are of, unless these are many: one decision leaves what is kept of the others.
CREATE FUNCTION announce_change_at_points() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    points text;
BEGIN
    SELECT string_agg(DISTINCT point_id, E'\n') INTO points FROM changed;
    IF points IS NOT NULL THEN
        PERFORM pg_notify('table_changed',
            CASE WHEN octet_length(points) < 7000 THEN tg_table_name || E'\n' || points ELSE tg_table_name END);
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE
    changing text;
BEGIN
    FOREACH changing IN ARRAY ARRAY['due_visits', 'visits', 'due_visit_corrections'] LOOP
        EXECUTE format(
            'CREATE TRIGGER %1$I AFTER INSERT ON %2$I REFERENCING NEW TABLE AS changed '
            'FOR EACH STATEMENT EXECUTE FUNCTION announce_change_at_points()', changing || '_added_announced', changing);
        EXECUTE format(
            'CREATE TRIGGER %1$I AFTER UPDATE ON %2$I REFERENCING NEW TABLE AS changed '
            'FOR EACH STATEMENT EXECUTE FUNCTION announce_change_at_points()', changing || '_set_announced', changing);
        EXECUTE format(
            'CREATE TRIGGER %1$I AFTER UPDATE ON %2$I REFERENCING OLD TABLE AS changed '
            'FOR EACH STATEMENT EXECUTE FUNCTION announce_change_at_points()', changing || '_unset_announced', changing);
        EXECUTE format(
            'CREATE TRIGGER %1$I AFTER DELETE ON %2$I REFERENCING OLD TABLE AS changed '
            'FOR EACH STATEMENT EXECUTE FUNCTION announce_change_at_points()', changing || '_gone_announced', changing);
        EXECUTE format(
            'CREATE TRIGGER %1$I AFTER TRUNCATE ON %2$I '
            'FOR EACH STATEMENT EXECUTE FUNCTION announce_change()', changing || '_emptied_announced', changing);
    END LOOP;
END $$;
