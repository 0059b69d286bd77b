-- +goose Up
-- What only few may read of a report: who reported, and the words as they were written where masking changed them. One JSON document,
-- sealed by package seal under the name incident/<id>; bytes 3 to 6 are the id of the key.
CREATE TABLE incident_reporter (
    county     text COLLATE "C" NOT NULL,
    incident   uuid NOT NULL,
    sealed     bytea NOT NULL CHECK (length(sealed) > 6),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (county, incident),
    FOREIGN KEY (county, incident) REFERENCES incident (county, id) ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE INDEX incident_reporter_key ON incident_reporter (encode(substring(sealed FROM 3 FOR 4), 'hex'), incident);

-- With what a reporter follows the own report.
CREATE TABLE report_receipt (
    number     text COLLATE "C" PRIMARY KEY CHECK (number ~ '^[0-9]{12}$'),  -- the day as yymmdd, and a number of the sequence
    secret     bytea NOT NULL,                                              -- SHA-256 of 80 bits that cannot be guessed
    key        text NOT NULL,                                               -- id of the key that the secret is derived from
    county     text COLLATE "C" NOT NULL,
    incident   uuid NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (county, incident),
    FOREIGN KEY (county, incident) REFERENCES incident (county, id) ON UPDATE CASCADE ON DELETE CASCADE
);
-- A million reports a day have numbers of their own.
CREATE SEQUENCE report_number MINVALUE 0 MAXVALUE 999999 CYCLE;

-- Where the texts of incidents that were stored before may still hold phone and identity numbers: those up to this id. The server masks them
-- in batches, the highest id first, moves this down with each batch, and removes the row at the end.
CREATE TABLE incident_unmasked (upto uuid PRIMARY KEY);
INSERT INTO incident_unmasked SELECT id FROM incident ORDER BY id DESC LIMIT 1;

-- A key belongs to whoever sent it, so that nobody's key answers for another's report. Whose the old ones were is not known.
DELETE FROM incident_key;
ALTER TABLE incident_key ADD COLUMN sender text COLLATE "C" NOT NULL;
ALTER TABLE incident_key DROP CONSTRAINT incident_key_pkey;
ALTER TABLE incident_key ADD PRIMARY KEY (sender, key);

-- Whoever has rights on some areas lists the newest incidents of these, whatever their level. An incident keeps the codes that it was
-- snapped to, so the code of the level alone decides, without the areas above.
DROP INDEX incident_community;
CREATE INDEX incident_town ON incident (town, id);
CREATE INDEX incident_community ON incident (community, id);
CREATE INDEX incident_grid ON incident (grid, id);
CREATE INDEX incident_micro ON incident (micro, id) WHERE micro IS NOT NULL;

-- +goose Down
DROP INDEX incident_town, incident_community, incident_grid, incident_micro;
CREATE INDEX incident_community ON incident (county, community, id);
DELETE FROM incident_key;
ALTER TABLE incident_key DROP CONSTRAINT incident_key_pkey;
ALTER TABLE incident_key DROP COLUMN sender;
ALTER TABLE incident_key ADD PRIMARY KEY (key);
DROP TABLE incident_unmasked, report_receipt, incident_reporter;
DROP SEQUENCE report_number;
