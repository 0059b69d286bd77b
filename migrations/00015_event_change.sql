-- +goose Up
-- What changed, for the servers themselves to count by; clients are never sent it.
ALTER TABLE event ADD change jsonb;

-- +goose Down
ALTER TABLE event DROP change;
