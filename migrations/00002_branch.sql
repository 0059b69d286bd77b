-- +goose Up
-- The party organisation that answers for areas.
CREATE TABLE branch (
    code      text COLLATE "C" PRIMARY KEY CHECK (code ~ '^[^[:space:][:cntrl:]]{1,40}$'),
    county    text COLLATE "C" NOT NULL REFERENCES area (code),
    name      text NOT NULL CHECK (name <> ''),
    kind      text NOT NULL CHECK (kind IN ('work_committee', 'committee', 'general_branch', 'branch', 'group', 'centre_household')),
    parent    text COLLATE "C" REFERENCES branch (code) DEFERRABLE INITIALLY DEFERRED,
    secretary text NOT NULL DEFAULT '',
    phone     text NOT NULL DEFAULT '',   -- the office telephone, which is public; never a private one
    members   integer CHECK (members >= 0),
    invented  boolean NOT NULL DEFAULT false  -- demo data: the secretary is no real person
);

-- Who answers for an area; an area without a row is answered for by the nearest area above.
CREATE TABLE branch_area (
    area   text COLLATE "C" PRIMARY KEY REFERENCES area (code),
    branch text COLLATE "C" NOT NULL REFERENCES branch (code)
);
CREATE INDEX branch_area_branch ON branch_area (branch);

-- +goose Down
DROP TABLE branch_area, branch;
