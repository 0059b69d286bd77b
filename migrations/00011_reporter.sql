-- +goose Up
-- When an incident was closed or cancelled; retention counts from then. It was not written down before: of those that are closed already the time
-- they were received stands for it. A column that changes its type is written anew with its table, which takes 8 s for a million incidents; an
-- UPDATE takes 40 s and leaves every row twice. The indexes that come and go below are left out of it.
DROP INDEX incident_community;
ALTER TABLE incident ADD COLUMN closed_at timestamptz;
ALTER TABLE incident ALTER COLUMN closed_at TYPE timestamptz USING CASE WHEN status IN ('closed', 'cancelled') THEN received_at END;
ALTER TABLE incident ADD CONSTRAINT incident_closed_at CHECK ((closed_at IS NOT NULL) = (status IN ('closed', 'cancelled')));

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

-- A key belongs to whoever sent it, so that nobody's key answers for another's report. Whose the old ones were is not known: they have a
-- sender of their own, and answer whoever repeats the same report.
ALTER TABLE incident_key ADD COLUMN sender text COLLATE "C" NOT NULL DEFAULT 'earlier';
ALTER TABLE incident_key ALTER COLUMN sender DROP DEFAULT;
ALTER TABLE incident_key DROP CONSTRAINT incident_key_pkey;
ALTER TABLE incident_key ADD PRIMARY KEY (sender, key);

-- Whoever has rights on some areas lists the newest incidents of these, whatever their level. An incident keeps the codes that it was
-- snapped to, so the code of the level alone decides, without the areas above.
CREATE INDEX incident_town ON incident (town, id);
CREATE INDEX incident_community ON incident (community, id);
CREATE INDEX incident_grid ON incident (grid, id);
CREATE INDEX incident_micro ON incident (micro, id) WHERE micro IS NOT NULL;

-- +goose Down
DROP INDEX incident_town, incident_community, incident_grid, incident_micro;
CREATE INDEX incident_community ON incident (county, community, id);
DELETE FROM incident_key WHERE sender <> 'earlier';
ALTER TABLE incident_key DROP CONSTRAINT incident_key_pkey;
ALTER TABLE incident_key DROP COLUMN sender;
ALTER TABLE incident_key ADD PRIMARY KEY (key);
DROP TABLE incident_unmasked, report_receipt, incident_reporter;
DROP SEQUENCE report_number;
ALTER TABLE incident DROP COLUMN closed_at;
