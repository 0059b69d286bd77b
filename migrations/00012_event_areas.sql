-- +goose Up
-- Where something happened: codes from the county down. It decides who is told; empty where that is no area's matter, or outside all.
ALTER TABLE event ADD areas text[] NOT NULL DEFAULT '{}';
UPDATE event SET areas = ARRAY(SELECT jsonb_array_elements_text(data->'areas')) WHERE jsonb_typeof(data->'areas') = 'array';
-- How many came in is not for everybody who is told that some did.
UPDATE event SET data = '{}' WHERE kind = 'incident.imported';

-- +goose Down
ALTER TABLE event DROP areas;
