-- Limits of alarms with a margin: an alarm is raised above value_high, and stays open until the value is down at
-- value_low (or at value_high, where that is none), so that a value near its limit is one alarm and not dozens.
-- depends: 0006_keeping

UPDATE standard_limits SET value_low = 0.75 WHERE limit_id = 'alarm_container_fill_ratio' AND value_low IS NULL;
UPDATE standard_limits SET value_low = 30, clause = 'a truck so long behind its plan'
    WHERE limit_id = 'alarm_due_visit_late_min' AND value_low IS NULL;
UPDATE standard_limits SET clause = 'a due visit that was passed by, so shortly before its window closes'
    WHERE limit_id = 'alarm_due_visit_closing_min' AND standard = 'the office';
INSERT INTO standard_limits VALUES
    ('alarm_due_visit_ahead_min', NULL, 120, 'min', 'the office', 'how far ahead a truck that runs late is looked at', 'own', 'alarm'),
    ('alarm_due_visit_over_min', 0, 10, 'min', 'the office', 'so long after its window a late truck comes', 'own', 'alarm'),
    ('alarm_odour_share', 0.8, 1, 'ratio', 'the office', 'share of the limit of the toilet''s class', 'own', 'alarm'),
    ('alarm_odour_min', NULL, 30, 'min', 'the office', 'every reading of so long must be over, or down again', 'own', 'alarm'),
    ('alarm_vehicle_standing_min', NULL, 20, 'min', 'the office', 'a truck on its route stands, beyond what is planned there', 'own', 'alarm'),
    ('alarm_vehicle_standing_m', 60, 200, 'm', 'the office', 'stands within the first; has gone on beyond the second', 'own', 'alarm'),
    ('alarm_vehicle_off_route_m', 250, 500, 'm', 'the office', 'a truck from the roads of its route', 'own', 'alarm'),
    ('alarm_vehicle_off_route_min', NULL, 10, 'min', 'the office', 'every fix of so long must be off the route', 'own', 'alarm'),
    ('alarm_cover_open_kmh', NULL, 15, 'km/h', 'the office', 'speed with an open cover over a load', 'own', 'alarm'),
    ('alarm_cover_open_load_kg', NULL, 500, 'kg', 'the office', 'load under an open cover', 'own', 'alarm'),
    ('alarm_cover_open_s', NULL, 30, 's', 'the office', 'how long it drives so', 'own', 'alarm'),
    ('alarm_load_lost_kg', NULL, 300, 'kg', 'the office', 'load lost on the way', 'own', 'alarm'),
    ('alarm_load_lost_share', NULL, 0.2, 'ratio', 'the office', 'share of the load lost on the way', 'own', 'alarm'),
    ('alarm_load_lost_station_m', NULL, 300, 'm', 'the office', 'so far from every station, site and depot', 'own', 'alarm')
ON CONFLICT (limit_id) DO NOTHING;
