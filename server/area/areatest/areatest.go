// Package areatest gives tests a small county whose borders they know by heart.
package areatest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"jingwei/geo"
	"jingwei/geo/coverage"
	"jingwei/server/access"
	"jingwei/server/area/importing"
	"jingwei/server/db"
)

// The county is a square of 0.04° with its south-west corner here. Each level divides its parent into four squares numbered
// from the north-west, row by row; the micro-grids are 0.0025° wide. The last community, 320282002004, is not divided.
const (
	WestDeg, SouthDeg = 119.80, 31.30
	WidthDeg          = 0.04
	County            = "320282"
)

// Effective is when the county's first edition takes effect.
var Effective = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Areas lists the county's areas, parents before children.
func Areas() []coverage.Area {
	const unit = geo.UnitsPerDegree
	var areas []coverage.Area
	var add func(code, parent string, level coverage.Level, west, south, width int32)
	add = func(code, parent string, level coverage.Level, west, south, width int32) {
		ring := coverage.Ring{{Lon: west, Lat: south}, {Lon: west + width, Lat: south}, {Lon: west + width, Lat: south + width}, {Lon: west, Lat: south + width}}
		areas = append(areas, coverage.Area{Code: code, Parent: parent, Name: "区域" + code, Level: level, Shape: []coverage.Polygon{{ring}}})
		if level == coverage.Micro || code == "320282002004" {
			return
		}
		digits := "%03d"
		if level == coverage.Grid {
			digits = "%02d"
		}
		half := width / 2
		for n := range int32(4) {
			add(code+fmt.Sprintf(digits, n+1), code, level+1, west+n%2*half, south+(1-n/2)*half, half)
		}
	}
	add(County, "", coverage.County, int32(WestDeg*unit), int32(SouthDeg*unit), int32(WidthDeg*unit))
	slices.SortFunc(areas, func(a, b coverage.Area) int { return int(a.Level) - int(b.Level) })
	return areas
}

// Publish stores areas as the next edition.
func Publish(t testing.TB, pool *pgxpool.Pool, areas []coverage.Area, effective time.Time) (edition int) {
	t.Helper()
	ctx := access.With(context.Background(), access.Operator("test"))
	err := db.InTx(ctx, pool, func(tx pgx.Tx) (err error) {
		edition, err = importing.Publish(ctx, tx, func(yield func(importing.Row) bool) {
			for _, a := range areas {
				if !yield(importing.Row{Area: a}) {
					return
				}
			}
		}, importing.Edition{EffectiveAt: effective, PublishedAt: effective})
		return err
	})
	if err != nil {
		t.Fatalf("publish areas: %v", err)
	}
	return edition
}
