-- +goose Up
-- What is open, by its step: some thousands of millions, which a list that is sorted by the step reads first. Without it such a list of 500,000
-- incidents reads all of them where a step ends, in 0.6 s. What is closed leaves the index.
CREATE INDEX incident_open ON incident (status, id) WHERE status NOT IN ('closed', 'cancelled');
-- What is closed, by when; a list that is sorted so read all incidents, in 0.2 s of 500,000. A new incident is not in it, so intake does not pay.
CREATE INDEX incident_closed ON incident (closed_at, id) WHERE closed_at IS NOT NULL;

-- +goose Down
DROP INDEX incident_open, incident_closed;
