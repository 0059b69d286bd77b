-- +goose Up
-- Whoever looks at an incident sees the later calls about the ticket that it was made of.
CREATE INDEX hotline_ticket_incident ON hotline_ticket (incident) WHERE incident IS NOT NULL;

-- +goose Down
DROP INDEX hotline_ticket_incident;
