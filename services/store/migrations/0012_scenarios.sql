-- Scenarios of facilities, and the figures that a search for sites reckons with.
-- depends: 0006_keeping

-- changes: a list of objects as services.facilities.scenario.Change has its fields.
CREATE TABLE scenarios (
    scenario_id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    note text NOT NULL DEFAULT '',
    changes jsonb NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    adopted_at timestamptz,
    adopted_by text
);

INSERT INTO standard_limits VALUES
    ('toilet_persons_per_stall', 500, 1000, 'persons', 'CJJ 14-2016', 'one stall per so many persons on streets and squares', 'recalled', ''),
    ('toilet_women_per_man_stalls', 1.5, 2, 'ratio', 'CJJ 14-2016', 'stalls for women : for men with urinals; crowded places', 'seen', ''),
    ('price_toilet_new_yuan', NULL, 800000, 'yuan', 'the office', 'price of a new public toilet', 'own', 'a guess; the office sets its own'),
    ('price_toilet_renovation_yuan', NULL, 200000, 'yuan', 'the office', 'price of a renovated public toilet', 'own', 'a guess; the office sets its own'),
    ('price_station_new_yuan', NULL, 5000000, 'yuan', 'the office', 'price of a new transfer station', 'own', 'a guess; the office sets its own'),
    ('design_station_new_t_per_day', NULL, 50, 't/d', 'CJJ/T 47-2016', 'small V: under 50 t/d', 'seen', 'what a new station is designed for'),
    ('cost_haul_yuan_per_t_km', NULL, 3, 'yuan/(t·km)', 'the office', 'haul to a station in a collection truck', 'own', 'a guess; the office sets its own'),
    ('cost_onward_yuan_per_t_km', NULL, 1, 'yuan/(t·km)', 'the office', 'haul from a station to disposal', 'own', 'a guess; the office sets its own');
