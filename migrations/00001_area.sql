-- +goose Up
CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- One published state of all boundaries. Immutable once it is in.
CREATE TABLE edition (
    number       integer PRIMARY KEY CHECK (number > 0),
    effective_at timestamptz NOT NULL UNIQUE,
    published_at timestamptz NOT NULL,
    note         text NOT NULL DEFAULT '',
    schematic    boolean NOT NULL DEFAULT false  -- holds invented boundaries; every page that shows them says so
);

-- An area's identity: its code outlives every version of its shape and is never given to another.
CREATE TABLE area (
    code   text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[^[:space:][:cntrl:]]{1,32}$'),
    level  text NOT NULL CHECK (level IN ('county', 'town', 'community', 'grid', 'micro')),
    county text COLLATE "C" NOT NULL REFERENCES area (code) DEFERRABLE INITIALLY DEFERRED
);

-- What an area looked like in a range of editions. Coordinates lie on the lattice of 1e-7 degrees.
CREATE TABLE area_shape (
    county     text COLLATE "C" NOT NULL,
    code       text COLLATE "C" NOT NULL REFERENCES area (code),
    editions   int4range NOT NULL CHECK (NOT isempty(editions) AND NOT lower_inf(editions)),
    parent     text COLLATE "C" REFERENCES area (code),
    name       text NOT NULL CHECK (name <> ''),
    kind       text NOT NULL DEFAULT 'base' CHECK (kind IN ('base', 'dedicated')),
    households integer CHECK (households >= 0),
    population integer CHECK (population >= 0),
    geom       geometry(MultiPolygon, 4326) NOT NULL CHECK (NOT ST_IsEmpty(geom)),
    EXCLUDE USING gist (county WITH =, code WITH =, editions WITH &&)
);
CREATE INDEX area_shape_geom ON area_shape USING gist (geom);
CREATE INDEX area_shape_parent ON area_shape (parent);

-- +goose Down
DROP TABLE area_shape, area, edition;
