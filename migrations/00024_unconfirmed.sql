-- +goose Up
-- A confirmation can be taken back.
ALTER TABLE incident_history DROP CONSTRAINT incident_history_kind_check,
    ADD CONSTRAINT incident_history_kind_check CHECK (kind IN ('moved', 'confirmed', 'unconfirmed', 'status'));

-- +goose Down
ALTER TABLE incident_history DROP CONSTRAINT incident_history_kind_check,
    ADD CONSTRAINT incident_history_kind_check CHECK (kind IN ('moved', 'confirmed', 'status')) NOT VALID;
