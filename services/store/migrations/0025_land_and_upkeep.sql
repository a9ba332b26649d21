-- What the town's land is used for, where it is known; which container upkeep is of, and attendants' rounds.
-- depends: 0024_renewed

-- landuse: a value of OpenStreetMap's tags (services/domain/land_use.py). geometry: a GeoJSON Polygon or MultiPolygon.
CREATE TABLE land_parcels (
    parcel_id text PRIMARY KEY,
    landuse text NOT NULL,
    name text,
    geometry jsonb NOT NULL
);
CREATE TRIGGER land_parcels_counted AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON land_parcels
    FOR EACH STATEMENT EXECUTE FUNCTION count_register_change();

-- container: which of a point's containers, from 1; none where it is about all of them. A round is an attendant's.
ALTER TABLE upkeep ADD COLUMN container integer
    CHECK (container IS NULL OR (container >= 1 AND subject_kind = 'point'));
ALTER TABLE upkeep DROP CONSTRAINT upkeep_kind_check;
ALTER TABLE upkeep ADD CONSTRAINT upkeep_kind_check CHECK (kind IN ('inspection', 'fault', 'repair', 'round'));
