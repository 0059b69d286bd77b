-- +goose Up
-- What a wall shows in turn: a view, filters and panels under a name. All walls of an installation share the scenes.
CREATE TABLE scene (
    id          uuid PRIMARY KEY,
    name        text NOT NULL CHECK (name <> ''),
    name_en     text NOT NULL,                             -- '' where it has none
    seconds     integer NOT NULL CHECK (seconds BETWEEN 10 AND 3600), -- it stays on the wall in a rotation
    in_rotation boolean NOT NULL,
    position    integer NOT NULL CHECK (position >= 0),    -- in the order of the scenes, from 0, without gaps
    config      jsonb NOT NULL CHECK (jsonb_typeof(config) = 'object'), -- the page's; the server bounds it and reads nothing from it
    updated_at  timestamptz NOT NULL,
    updated_by  text NOT NULL,                             -- login
    version     integer NOT NULL DEFAULT 1,                -- for If-Match; the position is not part of it
    UNIQUE (position) DEFERRABLE INITIALLY DEFERRED
);

-- +goose Down
DROP TABLE scene;
