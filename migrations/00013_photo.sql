-- +goose Up
-- A photo that nobody has reported with yet. The id is random: whoever knows it may report with it, within a day.
CREATE TABLE photo_upload (
    id         uuid PRIMARY KEY,              -- UUIDv4
    content    bytea NOT NULL,                -- JPEG as this program wrote it, without metadata
    width      integer NOT NULL CHECK (width > 0),
    height     integer NOT NULL CHECK (height > 0),
    uploader   bytea NOT NULL,                -- SHA-256 of the account or the network address: to count what one of them left here
    account    uuid,                          -- then only it may report with the photo
    created_at timestamptz NOT NULL
);
ALTER TABLE photo_upload ALTER COLUMN content SET STORAGE EXTERNAL; -- JPEG does not get smaller
CREATE INDEX photo_upload_uploader ON photo_upload (uploader);
CREATE INDEX photo_upload_created ON photo_upload (created_at);

-- A photo of an incident.
CREATE TABLE photo (
    county     text COLLATE "C" NOT NULL,
    incident   uuid NOT NULL,
    id         uuid NOT NULL,
    n          smallint NOT NULL CHECK (n BETWEEN 0 AND 4), -- place in the report
    content    bytea NOT NULL,
    width      integer NOT NULL,
    height     integer NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (county, incident, id),
    UNIQUE (county, incident, n),
    FOREIGN KEY (county, incident) REFERENCES incident (county, id) ON UPDATE CASCADE ON DELETE CASCADE
) PARTITION BY RANGE (incident);
ALTER TABLE photo ALTER COLUMN content SET STORAGE EXTERNAL;

-- +goose Down
DROP TABLE photo, photo_upload;
