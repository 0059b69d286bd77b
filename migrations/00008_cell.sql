-- +goose Up
-- H3's bit layout: the resolution in bits 52 to 55, the base cell below it, then a digit of 3 bits for each finer resolution, 7 where
-- unused ("Index representations" in H3's documentation). The bigint holds the same 64 bits as the usual hexadecimal form.

-- The cell of a resolution from which a cell descends: itself at its own resolution, null at a finer one.
CREATE FUNCTION cell_parent(cell bigint, resolution integer) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN resolution BETWEEN 0 AND (cell >> 52) & 15
           THEN (cell & ~(15::bigint << 52)) | (resolution::bigint << 52) | ((1::bigint << 3 * (15 - resolution)) - 1) END
$$;

-- The cells of area_cell in which a point can lie whose cell is this: from the coarsest resolution that area_cell uses, 5, to the finest, 11.
CREATE FUNCTION cell_ancestors(cell bigint) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY[cell_parent(cell, 11), cell_parent(cell, 10), cell_parent(cell, 9), cell_parent(cell, 8),
                 cell_parent(cell, 7), cell_parent(cell, 6), cell_parent(cell, 5)]
$$;

-- Each area covered by H3 cells of several resolutions, for a range of editions. A cell stands for all points whose cell of resolution 12,
-- which incidents carry, descends from it. Every point of an area, border included, lies in exactly one cell of its cover.
CREATE TABLE area_cell (
    cell   bigint NOT NULL,
    since  integer NOT NULL,                -- the first edition with this row
    until  integer,                         -- the first edition without it; null while it is in the last one
    inside boolean NOT NULL,                -- all points of the cell lie in the area; else its border is near, and some may
    owns   boolean NOT NULL,                -- and all of them belong to it, not to a child or an area that overlaps it
    county text COLLATE "C" NOT NULL,
    area   text COLLATE "C" NOT NULL,       -- a code of area; not checked row by row, for there are millions and one writer
    PRIMARY KEY (cell, area, since, county),
    CHECK (until > since),
    CHECK (inside OR NOT owns)
);
CREATE INDEX area_cell_area ON area_cell (area);

-- False for the editions of a database that had areas before it had this table.
ALTER TABLE edition ADD COLUMN cells boolean NOT NULL DEFAULT false;

-- The version of an area's shape in an edition. The exclusion constraint's index finds it too, in a hundred times the time.
CREATE UNIQUE INDEX area_shape_code ON area_shape (code, lower(editions));

-- Whether a point of the lattice lies in a shape or on its border, exactly, by the even-odd rule. In units of 1e-7 degrees differences
-- are at most 3.6e9 and 1.8e9, so that their products fit a bigint; they are compared, never subtracted. About 2 µs a vertex.
CREATE FUNCTION shape_holds_exactly(shape geometry, lon bigint, lat bigint) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH vertex AS (
        SELECT d.path, round(ST_X(d.geom) * 1e7)::bigint AS lon, round(ST_Y(d.geom) * 1e7)::bigint AS lat FROM ST_DumpPoints(shape) d
    ), edge AS (
        SELECT v.lon AS a_lon, v.lat AS a_lat, lead(v.lon) OVER ring AS b_lon, lead(v.lat) OVER ring AS b_lat
        FROM vertex v WINDOW ring AS (PARTITION BY v.path[1], v.path[2] ORDER BY v.path[3])
    ), side AS (
        SELECT *, (b_lon - a_lon) * (shape_holds_exactly.lat - a_lat) AS "left", (b_lat - a_lat) * (shape_holds_exactly.lon - a_lon) AS "right"
        FROM edge WHERE b_lon IS NOT NULL
    )
    SELECT coalesce(bool_or("left" = "right" AND shape_holds_exactly.lon BETWEEN least(a_lon, b_lon) AND greatest(a_lon, b_lon)
                            AND shape_holds_exactly.lat BETWEEN least(a_lat, b_lat) AND greatest(a_lat, b_lat)), false)
        OR count(*) FILTER (WHERE (a_lat > shape_holds_exactly.lat) <> (b_lat > shape_holds_exactly.lat)
                            AND ("left" > "right") = (b_lat > a_lat)) % 2 = 1
    FROM side
$$;

-- Whether a point lies in a shape or on its border. PostGIS computes in doubles, which do not hold the lattice of 1e-7 degrees exactly;
-- so a point within three steps of the border is decided in integers, after rounding to the lattice.
CREATE FUNCTION shape_holds(shape geometry, point geometry) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN NOT shape && ST_Expand(point, 3e-7) THEN false
        WHEN ST_DWithin(ST_Boundary(shape), point, 3e-7)
            THEN shape_holds_exactly(shape, round(ST_X(point) * 1e7)::bigint, round(ST_Y(point) * 1e7)::bigint)
        ELSE ST_Intersects(shape, point)
    END
$$;

-- The code of the area that owns a point, null outside all of them: the same answer as the server's. cell is the point's H3 cell of
-- resolution 12, as incident.cell; edition is the last one if it is not given. An area owns what it holds and none of its children
-- holds; of several such areas the one with the lowest code owns (package geo). Where an area owns the whole cell, the geometry is not
-- looked at. The point is taken to the nearest point of the lattice.
--
-- Incidents by area, most of them by cell alone:
--
--     SELECT coalesce(c.area, snap_cell(i.cell, i.geom)) AS area, count(*)
--     FROM incident i LEFT JOIN area_cell c ON c.cell = ANY (cell_ancestors(i.cell)) AND c.owns AND c.until IS NULL
--     GROUP BY 1;
--
-- All points in one area of any level, whoever owns them:
--
--     SELECT i.* FROM incident i JOIN area_cell c ON c.cell = ANY (cell_ancestors(i.cell)) AND c.until IS NULL
--     JOIN area_shape s ON s.code = c.area AND upper_inf(s.editions)
--     WHERE c.area = '320282001' AND (c.inside OR shape_holds(s.geom, i.geom));
-- +goose StatementBegin
CREATE FUNCTION snap_cell(cell bigint, point geometry, edition integer DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    ancestors bigint[] := cell_ancestors(cell);
    asked integer := coalesce(edition, 2147483647);  -- rows that are not closed hold for this one too
    owner text;
BEGIN
    IF (cell >> 52) & 15 <> 12 THEN
        RAISE EXCEPTION 'the cell has resolution %, not 12', (cell >> 52) & 15 USING HINT = 'Take the H3 cell of resolution 12 that holds the point.';
    END IF;
    SELECT c.area INTO owner FROM area_cell c
    WHERE c.cell = ANY (ancestors) AND c.owns AND c.since <= asked AND (c.until IS NULL OR c.until > asked);
    IF FOUND OR cell IS NULL OR point IS NULL THEN
        RETURN owner;
    END IF;
    -- Ordered and limited, so that the planner takes the index on code and the first edition.
    WITH holder AS MATERIALIZED (
        SELECT c.area, s.parent
        FROM area_cell c CROSS JOIN LATERAL (
            SELECT v.parent, v.geom FROM area_shape v WHERE v.code = c.area AND lower(v.editions) <= asked ORDER BY lower(v.editions) DESC LIMIT 1
        ) s
        WHERE c.cell = ANY (ancestors) AND c.since <= asked AND (c.until IS NULL OR c.until > asked) AND (c.inside OR shape_holds(s.geom, point))
    )
    SELECT h.area INTO owner FROM holder h WHERE NOT EXISTS (SELECT FROM holder child WHERE child.parent = h.area) ORDER BY h.area LIMIT 1;
    IF owner IS NULL AND NOT coalesce((SELECT e.cells FROM edition e WHERE e.number <= asked ORDER BY e.number DESC LIMIT 1), true) THEN
        RAISE EXCEPTION 'this edition has no cells' USING HINT = 'Start jingwei serve once: it makes those of the last edition. Earlier ones have none.';
    END IF;
    RETURN owner;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION snap_cell, shape_holds, shape_holds_exactly;
ALTER TABLE edition DROP COLUMN cells;
DROP INDEX area_shape_code;
DROP TABLE area_cell;
DROP FUNCTION cell_ancestors, cell_parent;
