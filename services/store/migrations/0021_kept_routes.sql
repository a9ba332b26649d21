-- What each vehicle did of its routes on a day that is over, as bulletins tell it: a month's need not compare anew, and
-- it stays as it was written when the readings are dropped.
-- depends: 0016_what_people_report

-- routes is a list of objects as services.reports.route_days.RouteDay has its fields. A day that is decided again is
-- no longer current: it is compared anew as long as its readings are there (services/store/kept_routes.py).
CREATE TABLE kept_routes (
    service_date date PRIMARY KEY,
    is_current boolean NOT NULL,
    routes jsonb NOT NULL
);
