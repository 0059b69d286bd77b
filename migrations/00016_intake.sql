-- +goose Up
-- Why somebody should look at where an incident lies; null where nobody need. outside: no area owns the place. border: another area is nearer
-- than the place is certain.
ALTER TABLE incident ADD review text CHECK (review IN ('outside', 'border'));
-- The queue of those that wait, the oldest first.
CREATE INDEX incident_review ON incident (id) INCLUDE (review) WHERE review IS NOT NULL;

-- The numbers that sources give their reports, so that a report which comes again, or by another way, is told. A number is a channel's own, for
-- good: also when its incident has been archived.
CREATE TABLE incident_source (
    channel    text COLLATE "C" NOT NULL,
    number     text COLLATE "C" NOT NULL CHECK (length(number) BETWEEN 1 AND 200),
    digest     bytea NOT NULL,              -- SHA-256 of what the report says; server/incident/source.go tells of what
    county     text COLLATE "C" NOT NULL,   -- where the incident lay when it came in
    incident   uuid NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (channel, number)
);

-- Old keys are forgotten; they lie in the order of their times.
CREATE INDEX incident_key_created_at ON incident_key USING brin (created_at);

-- +goose Down
DROP INDEX incident_key_created_at;
DROP TABLE incident_source;
ALTER TABLE incident DROP review;
