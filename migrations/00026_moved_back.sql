-- +goose Up
-- A move can be taken back. The places of what is done from now on also say {accuracy_m, snap, review}, so that all of it comes back.
ALTER TABLE incident_history DROP CONSTRAINT incident_history_kind_check,
    ADD CONSTRAINT incident_history_kind_check CHECK (kind IN ('moved', 'confirmed', 'moved_back', 'unconfirmed', 'status'));

-- +goose Down
ALTER TABLE incident_history DROP CONSTRAINT incident_history_kind_check,
    ADD CONSTRAINT incident_history_kind_check CHECK (kind IN ('moved', 'confirmed', 'unconfirmed', 'status')) NOT VALID;
