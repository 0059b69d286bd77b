-- +goose Up
-- Every call about a ticket but its first, which the ticket itself holds. Nothing is changed and no row is deleted: only what is sealed is sealed anew, and
-- emptied when its time is over.
CREATE TABLE hotline_call (
    id          uuid PRIMARY KEY,       -- UUIDv7 of at; what is sealed is bound to it
    ticket      uuid NOT NULL REFERENCES hotline_ticket (id),
    nth         integer NOT NULL CHECK (nth > 0), -- the ticket's count of repeats with it
    at          timestamptz NOT NULL,   -- when it came in
    reported_at timestamptz NOT NULL CHECK (isfinite(reported_at)),
    category    text NOT NULL CHECK (category <> ''),
    demand_type text NOT NULL CHECK (demand_type IN ('', 'help', 'consult', 'complain', 'report', 'suggest', 'praise')),
    repeat_call boolean NOT NULL,
    address     text NOT NULL CHECK (address <> ''), -- masked, as the two below
    title       text NOT NULL,
    content     text NOT NULL,
    lon         double precision,       -- degrees, EPSG:4326; null where the hotline had no coordinates
    lat         double precision,
    sealed      bytea CHECK (length(sealed) > 6), -- the caller and the words as they were said, sealed under the name call/<id>
    UNIQUE (ticket, nth),
    CHECK ((lon IS NULL) = (lat IS NULL))
);
CREATE INDEX hotline_call_key ON hotline_call (encode(substring(sealed FROM 3 FOR 4), 'hex'), id) WHERE sealed IS NOT NULL;

-- Tickets claim their numbers apart from the reports that others send with the hotline's channel: two with one number are two.
UPDATE incident_source s SET channel = 'ticket' FROM hotline_ticket t WHERE s.channel = 'hotline_12345' AND s.number = t.number AND s.incident = t.incident;

-- +goose Down
UPDATE incident_source s SET channel = 'hotline_12345' WHERE channel = 'ticket'
    AND NOT EXISTS (SELECT FROM incident_source o WHERE o.channel = 'hotline_12345' AND o.number = s.number);
DELETE FROM incident_source WHERE channel = 'ticket';
DROP TABLE hotline_call;
