-- +goose Up
-- Something reported at a point. The id is a UUIDv7 of reported_at.
CREATE TABLE incident (
    county      text COLLATE "C" NOT NULL,   -- '' where the point lies outside every area
    id          uuid NOT NULL,
    reported_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    channel     text NOT NULL CHECK (channel IN (
                    'resident', 'worker', 'courier', 'hotline_12345', 'platform_1_4', 'enterprise_line', 'import')),
    item        text COLLATE "C" NOT NULL REFERENCES item (code),
    status      text NOT NULL DEFAULT 'collected' CHECK (status IN (
                    'collected', 'analysed', 'dispatched', 'signed', 'fed_back', 'evaluated', 'closed', 'cancelled')),
    title       text NOT NULL CHECK (title <> ''),
    description text NOT NULL DEFAULT '',
    geom        geometry(Point, 4326) NOT NULL,
    accuracy_m  real CHECK (accuracy_m >= 0),
    cell        bigint NOT NULL,             -- H3, resolution 12
    snap        text NOT NULL CHECK (snap IN ('owned', 'inferred', 'outside')),
    edition     integer NOT NULL,            -- 0 before the first edition
    town        text COLLATE "C",
    community   text COLLATE "C",
    grid        text COLLATE "C",
    micro       text COLLATE "C",
    branch      text COLLATE "C" REFERENCES branch (code),
    PRIMARY KEY (county, id),
    CHECK ((snap = 'outside') = (county = ''))
) PARTITION BY RANGE (id);
CREATE INDEX incident_id ON incident (id);
CREATE INDEX incident_item ON incident (county, item, id);
CREATE INDEX incident_community ON incident (county, community, id);
CREATE INDEX incident_geom ON incident USING gist (geom);

-- The keys under which writers have sent reports, so that a repeat is answered with the first answer.
CREATE TABLE incident_key (
    key         text COLLATE "C" PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 200),
    digest      bytea NOT NULL,              -- SHA-256 of the request body
    county      text COLLATE "C" NOT NULL,
    incident    uuid NOT NULL,
    created_at  timestamptz NOT NULL
);

-- +goose Down
DROP TABLE incident_key, incident;
