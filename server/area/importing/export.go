package importing

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/audit"
	"jingwei/server/db"
)

// Format of an export.
type Format uint8

// The formats there are. Both have a feature a line.
const (
	GeoJSON  Format = iota // one FeatureCollection
	GeoJSONL               // newline-delimited GeoJSON
)

// ParseFormat reads a format's word.
func ParseFormat(s string) (Format, error) {
	switch s {
	case "", "geojson":
		return GeoJSON, nil
	case "geojsonl":
		return GeoJSONL, nil
	}
	return GeoJSON, fmt.Errorf("no format %q: use geojson or geojsonl", s)
}

// ExportOptions choose areas and how they are written. The zero value writes all areas of the last edition as GeoJSON in WGS-84.
type ExportOptions struct {
	Level   *coverage.Level // areas of this level only
	Parent  string          // areas below this one only, however far
	Edition int             // 0 is the last one
	Format  Format
	Datum   geo.Datum
}

// ErrNothing tells that there is nothing to export; its message says why.
var ErrNothing = errors.New("nothing to export")

// Export writes areas with the properties code, name, level, parent, kind, households and population, in the order of their codes, and
// tells how many. What it writes in WGS-84, Areas reads back to the very same vertices. It asks for the figures and the earlier editions of the
// whole installation, and is audited before anything is written.
func Export(ctx context.Context, pool *pgxpool.Pool, w io.Writer, opt ExportOptions) (count int, err error) {
	if err := errors.Join(access.Ask(ctx, access.AreaFigures, nil), access.Ask(ctx, access.AreaHistory, nil)); err != nil {
		return 0, err
	}
	edition := opt.Edition
	var last int
	if err := pool.QueryRow(ctx, `SELECT coalesce(max(number), 0) FROM edition`).Scan(&last); err != nil {
		return 0, err
	}
	switch {
	case last == 0:
		return 0, fmt.Errorf("%w: there are no areas yet", ErrNothing)
	case edition == 0:
		edition = last
	case edition < 0 || edition > last:
		return 0, fmt.Errorf("%w: there is no edition %d; they go from 1 to %d", ErrNothing, edition, last)
	}
	var level, parent *string
	if opt.Level != nil {
		word := opt.Level.String()
		level = &word
	}
	if opt.Parent != "" {
		parent = &opt.Parent
		var known bool
		if err := pool.QueryRow(ctx, `SELECT EXISTS (SELECT FROM area_shape WHERE code = $1 AND editions @> $2::int)`, opt.Parent, edition).Scan(&known); err != nil {
			return 0, err
		}
		if !known {
			return 0, fmt.Errorf("%w: edition %d has no area %s", ErrNothing, edition, opt.Parent)
		}
	}
	err = db.InTx(ctx, pool, func(tx pgx.Tx) error {
		return audit.Append(ctx, tx, audit.Entry{
			Action: "area.export", Object: fmt.Sprintf("edition/%d", edition), After: map[string]any{"level": level, "parent": parent},
		})
	})
	if err != nil {
		return 0, err
	}
	rows, err := pool.Query(ctx, `
		WITH RECURSIVE below AS (
			SELECT code FROM area_shape WHERE parent = $3 AND editions @> $1::int
			UNION ALL
			SELECT s.code FROM below b JOIN area_shape s ON s.parent = b.code AND s.editions @> $1::int
		)
		SELECT s.code, coalesce(s.parent, ''), s.name, a.level, s.kind, s.households, s.population, ST_AsBinary(s.geom)
		FROM area_shape s JOIN area a ON a.code = s.code
		WHERE s.editions @> $1::int AND ($2::text IS NULL OR a.level = $2) AND ($3::text IS NULL OR s.code IN (SELECT code FROM below))
		ORDER BY s.code`, edition, level, parent)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	return writeFeatures(rows, w, opt)
}

func writeFeatures(rows pgx.Rows, w io.Writer, opt ExportOptions) (count int, err error) {
	out := bufio.NewWriterSize(w, 1<<16)
	if opt.Format == GeoJSON {
		out.WriteString(`{"type":"FeatureCollection","features":[`)
	}
	var text []byte
	for rows.Next() {
		row, err := scanRow(rows)
		if err != nil {
			return count, err
		}
		if opt.Format == GeoJSON && count > 0 {
			out.WriteByte(',')
		}
		if opt.Format == GeoJSON {
			out.WriteByte('\n')
		}
		if text, err = appendFeature(text[:0], &row, opt.Datum); err != nil {
			return count, err
		}
		out.Write(text)
		if opt.Format == GeoJSONL {
			out.WriteByte('\n')
		}
		count++
	}
	if err := rows.Err(); err != nil {
		return count, err
	}
	if opt.Format == GeoJSON {
		out.WriteString("\n]}\n")
	}
	// A bufio.Writer keeps its first error until here.
	return count, out.Flush()
}

func appendFeature(text []byte, row *Row, datum geo.Datum) ([]byte, error) {
	var parent *string
	if row.Parent != "" {
		parent = &row.Parent
	}
	properties, err := json.Marshal(struct {
		Code       string         `json:"code"`
		Name       string         `json:"name"`
		Level      coverage.Level `json:"level"`
		Parent     *string        `json:"parent"`
		Kind       string         `json:"kind"`
		Households *int           `json:"households"`
		Population *int           `json:"population"`
	}{row.Code, row.Name, row.Level, parent, row.Kind, row.Households, row.Population})
	if err != nil {
		return nil, fmt.Errorf("area %s: %w", row.Code, err)
	}
	id, err := json.Marshal(row.Code)
	if err != nil {
		return nil, fmt.Errorf("area %s: %w", row.Code, err)
	}
	text = append(append(text, `{"type":"Feature","id":`...), id...)
	text = append(append(text, `,"properties":`...), properties...)
	if len(row.Shape) == 1 {
		text = appendPolygon(append(text, `,"geometry":{"type":"Polygon","coordinates":`...), row.Shape[0], datum)
		return append(text, `}}`...), nil
	}
	text = append(text, `,"geometry":{"type":"MultiPolygon","coordinates":[`...)
	for i, polygon := range row.Shape {
		if i > 0 {
			text = append(text, ',')
		}
		text = appendPolygon(text, polygon, datum)
	}
	return append(text, `]}}`...), nil
}

func appendPolygon(text []byte, polygon coverage.Polygon, datum geo.Datum) []byte {
	text = append(text, '[')
	for i, ring := range polygon {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, '[')
		for _, p := range ring {
			text = append(appendPosition(text, p, datum), ',')
		}
		text = append(appendPosition(text, ring[0], datum), ']')
	}
	return append(text, ']')
}

func appendPosition(text []byte, p geo.Point, datum geo.Datum) []byte {
	lon, lat := datum.FromWGS84(p.Degrees())
	text = append(text, '[')
	// The shortest digits that read back as the same double: for a lattice point at most seven after the point.
	text = strconv.AppendFloat(text, lon, 'f', decimals(datum), 64)
	text = append(text, ',')
	text = strconv.AppendFloat(text, lat, 'f', decimals(datum), 64)
	return append(text, ']')
}

// decimals for strconv: the shortest form on the lattice; off it, enough places to find back to it.
func decimals(datum geo.Datum) int {
	if datum == geo.WGS84 {
		return -1
	}
	return 9
}
