-- +goose Up
-- What live clients replay. seq is null until the row has committed; then a server gives it the next number,
-- so that the order of seq is an order of commits and a reader of "seq > last" never skips a late one.
CREATE TABLE event (
    county  text COLLATE "C" NOT NULL,
    id      uuid NOT NULL,
    seq     bigint,
    at      timestamptz NOT NULL,
    kind    text NOT NULL CHECK (kind ~ '^[a-z]+\.[a-z]+$'),
    data    jsonb NOT NULL,
    PRIMARY KEY (county, id)
) PARTITION BY RANGE (id);
CREATE INDEX event_seq ON event (seq);
CREATE INDEX event_unnumbered ON event (id) WHERE seq IS NULL;
CREATE SEQUENCE event_seq_number;

-- +goose Down
DROP TABLE event;
DROP SEQUENCE event_seq_number;
