-- +goose Up
-- A ticket of the 12345 hotline. One whose place is not known waits until a dispatcher finds it on the map; what becomes an incident is the
-- incident's from then on. No foreign key leads to the incident: old months are taken out, and tickets stay.
CREATE TABLE hotline_ticket (
    id                uuid PRIMARY KEY,        -- UUIDv7 of received_at; what is sealed is bound to it
    number            text COLLATE "C" NOT NULL UNIQUE CHECK (number ~ '^[^[:space:][:cntrl:]/?#%]{1,100}$'),
    state             text NOT NULL CHECK (state IN ('to_place', 'incident', 'dismissed')),
    incident          uuid,
    category          text NOT NULL CHECK (category <> ''),
    category_unmapped boolean NOT NULL,
    item              text COLLATE "C" NOT NULL REFERENCES item (code),
    demand_type       text NOT NULL CHECK (demand_type IN ('', 'help', 'consult', 'complain', 'report', 'suggest', 'praise')),
    repeat_call       boolean NOT NULL,        -- the hotline says that the caller called about it before
    repeats           integer NOT NULL DEFAULT 0 CHECK (repeats >= 0), -- how often it came again
    address           text NOT NULL CHECK (address <> ''), -- masked, as the two below
    title             text NOT NULL DEFAULT '',
    content           text NOT NULL DEFAULT '',
    reported_at       timestamptz NOT NULL CHECK (isfinite(reported_at)),
    received_at       timestamptz NOT NULL,
    last_call_at      timestamptz NOT NULL,
    settled_at        timestamptz,             -- placed or dismissed
    reason            text NOT NULL DEFAULT '',
    digest            bytea NOT NULL,          -- SHA-256 of the last request, to tell a request that was sent twice from another call
    sealed            bytea CHECK (length(sealed) > 6), -- the caller and the words as they were said, sealed under the name ticket/<id>
    CHECK ((state = 'incident') = (incident IS NOT NULL)),
    CHECK ((state = 'to_place') = (settled_at IS NULL)),
    CHECK ((state = 'dismissed') = (reason <> '')),
    CHECK (state <> 'incident' OR sealed IS NULL) -- the incident has it
);
CREATE INDEX hotline_ticket_waiting ON hotline_ticket (id) WHERE state = 'to_place';
CREATE INDEX hotline_ticket_dismissed ON hotline_ticket (id) WHERE state = 'dismissed';
CREATE INDEX hotline_ticket_key ON hotline_ticket (encode(substring(sealed FROM 3 FOR 4), 'hex'), id) WHERE sealed IS NOT NULL;

-- +goose Down
DROP TABLE hotline_ticket;
