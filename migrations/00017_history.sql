-- +goose Up
-- What people did to incidents: where they moved or confirmed the pin. Rows are only ever added, as those of audit are; unlike the log's they are for
-- everybody who sees the incident.
CREATE TABLE incident_history (
    county   text COLLATE "C" NOT NULL,          -- where the incident lay until then; '' outside every area
    id       uuid NOT NULL,                      -- UUIDv7 of at
    incident uuid NOT NULL,                      -- no foreign key: old months are taken out, and their history stays
    at       timestamptz NOT NULL CHECK (isfinite(at)),
    account  uuid,                               -- null: the command line, the server
    login    text NOT NULL,
    kind     text NOT NULL CHECK (kind IN ('moved', 'confirmed', 'status')),
    reason   text NOT NULL,                      -- masked as the incident is
    before   jsonb,                              -- {lon, lat, areas, branch, edition}
    after    jsonb,
    PRIMARY KEY (county, id),
    CHECK (kind = 'status' OR before IS NOT NULL AND after IS NOT NULL)
);
CREATE INDEX incident_history_incident ON incident_history (incident, id);
CREATE TRIGGER audit_refuse BEFORE UPDATE OR DELETE ON incident_history FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON incident_history EXECUTE FUNCTION audit_refuse();

-- +goose Down
DROP TABLE incident_history;
