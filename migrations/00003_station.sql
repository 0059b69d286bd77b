-- +goose Up
-- A place that people can walk to.
CREATE TABLE station (
    county        text COLLATE "C" NOT NULL,  -- the code of the county it stands in; '' outside all
    code          text COLLATE "C" NOT NULL CHECK (code ~ '^[^[:space:][:cntrl:]]{1,40}$'),
    kind          text NOT NULL CHECK (kind IN (
                      'service_centre', 'guidance_station', 'estate_station', 'bee_station', 'general_station', 'driver_station',
                      'pioneer_station', 'pocket_park', 'first_heart_classroom', 'education_base', 'rider_home', 'red_post')),
    name          text NOT NULL CHECK (name <> ''),
    geom          geometry(Point, 4326) NOT NULL,
    address       text NOT NULL DEFAULT '',
    stars         smallint CHECK (stars BETWEEN 1 AND 5),
    floor_area_m2 numeric CHECK (floor_area_m2 > 0),
    services      text[] NOT NULL DEFAULT '{}',
    open_to       text[] NOT NULL DEFAULT '{}',
    opening_hours text NOT NULL DEFAULT '',   -- OSM opening_hours syntax
    phone         text NOT NULL DEFAULT '',
    invented      boolean NOT NULL DEFAULT false,
    PRIMARY KEY (county, code)
);
CREATE UNIQUE INDEX station_code ON station (code);
CREATE INDEX station_geom ON station USING gist (geom);

-- +goose Down
DROP TABLE station;
