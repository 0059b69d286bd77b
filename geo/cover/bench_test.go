package cover_test

import (
	"testing"
	"time"

	"github.com/uber/h3-go/v4" //nolint:depguard // the baseline is what one would write with h3-go alone

	"jingwei/geo/cover"
	"jingwei/geo/coverage"
	"jingwei/geo/internal/testcounty"
)

// BenchmarkAll covers the county of 20,736 micro-grids at all levels, on all cores. The baseline fills one in a hundred micro-grids with
// cells of the finest resolution by h3-go's PolygonToCells, which takes cells by their centres and tells nothing of borders and owners;
// its time is taken for all micro-grids, on one core.
func BenchmarkAll(b *testing.B) {
	c := build(b, testcounty.County.Areas())
	micros := 0
	var baseline time.Duration
	for id := range coverage.ID(c.Len()) {
		if c.Level(id) != coverage.Micro {
			continue
		}
		if micros++; micros%100 > 0 {
			continue
		}
		var loop h3.GeoLoop
		for _, p := range c.Area(id).Shape[0][0] {
			lon, lat := p.Degrees()
			loop = append(loop, h3.NewLatLng(lat, lon))
		}
		began := time.Now()
		h3.PolygonToCells(h3.GeoPolygon{GeoLoop: loop}, cover.Finest)
		baseline += time.Since(began) * 100
	}
	n := 0
	for b.Loop() {
		n = len(cover.All(c))
	}
	ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	b.ReportMetric(float64(n), "cells")
	b.ReportMetric(ns/float64(n), "ns/cell")
	b.ReportMetric(float64(baseline.Nanoseconds())/ns, "×PolygonToCells")
}

// BenchmarkChanged covers anew what a change of two neighbouring micro-grids touches.
func BenchmarkChanged(b *testing.B) {
	c := build(b, testcounty.County.Areas())
	id := coverage.ID(c.Len() / 2)
	for c.Level(id) != coverage.Micro || c.Level(id+1) != coverage.Micro {
		id++
	}
	var places []cover.Box
	for _, changed := range []coverage.ID{id, id + 1} {
		low, high := c.BoundsOf(changed)
		places = append(places, cover.Box{Low: low, High: high})
	}
	n := 0
	for b.Loop() {
		n = len(cover.Changed(c, []coverage.ID{id, id + 1, c.Parent(id)}, places))
	}
	b.ReportMetric(float64(n), "cells")
}
