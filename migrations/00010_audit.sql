-- +goose Up
-- Who did what. Rows are only ever added: the trigger refuses every change, and the application's role has no right to one.
CREATE TABLE audit (
    county  text COLLATE "C" NOT NULL,          -- '' where it concerns no county
    id      uuid NOT NULL,                      -- UUIDv7 of at
    at      timestamptz NOT NULL,
    account uuid,                               -- null: the public, the command line, the server
    login   text NOT NULL,                      -- '' the public
    via     text NOT NULL CHECK (via IN ('', 'session', 'token', 'command', 'server')),
    address text NOT NULL,                      -- where the request came from; '' none
    request text NOT NULL,                      -- its id
    action  text NOT NULL CHECK (action ~ '^[a-z_]+\.[a-z_]+$'),
    object  text NOT NULL,                      -- noun/id
    areas   text[] NOT NULL,                    -- codes from the county to the area that it concerns
    outcome text NOT NULL CHECK (outcome IN ('done', 'refused')),
    reason  text NOT NULL,
    before  jsonb,
    after   jsonb,
    PRIMARY KEY (county, id)
) PARTITION BY RANGE (id);
CREATE INDEX audit_id ON audit (id);
CREATE INDEX audit_object ON audit (object, id);
CREATE INDEX audit_login ON audit (login, id);

-- +goose Down
DROP TABLE audit;
