package importing

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"jingwei/geo"
)

// topology is a TopoJSON file (specification 1.0). An arc is put on the lattice once, so that the areas on both sides of it get the
// very same vertices.
type topology struct {
	Transform *struct {
		Scale     []float64 `json:"scale"`
		Translate []float64 `json:"translate"`
	} `json:"transform"`
	Objects map[string]topoObject `json:"objects"`
	Arcs    []json.RawMessage     `json:"arcs"`
}

type topoObject struct {
	Type       string                     `json:"type"`
	ID         json.RawMessage            `json:"id"`
	Properties map[string]json.RawMessage `json:"properties"`
	Arcs       json.RawMessage            `json:"arcs"`
	Geometries []topoObject               `json:"geometries"`
}

// arc is a line of a topology on the lattice; err is why it cannot be used.
type arc struct {
	points []geo.Point
	err    error
}

// readTopology reads a whole TopoJSON text.
func readTopology(text []byte, layer string, d door, emit func(rawFeature)) *Problem {
	var t topology
	if err := json.Unmarshal(text, &t); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return &Problem{Line: 1 + strings.Count(string(text[:min(int(syntax.Offset), len(text))]), "\n"), Reason: NotJSON,
				Message: fmt.Sprintf("not JSON from byte %d on: %s", syntax.Offset, plain(err)), Remedy: "fetch or export the file again"}
		}
		return &Problem{Reason: BadTopology, Message: "not a TopoJSON topology: " + plain(err), Remedy: "export the file again"}
	}
	scale, translate := [2]float64{1, 1}, [2]float64{}
	if t.Transform != nil {
		if len(t.Transform.Scale) < 2 || len(t.Transform.Translate) < 2 {
			return &Problem{Reason: BadTopology, Message: "the transform has no scale and translate of two numbers each", Remedy: "export the file again"}
		}
		scale, translate = [2]float64(t.Transform.Scale), [2]float64(t.Transform.Translate)
	}
	object, problem := t.layer(layer)
	if problem != nil {
		return problem
	}
	arcs := make([]arc, len(t.Arcs))
	for i, text := range t.Arcs {
		arcs[i].points, arcs[i].err = readArc(text, t.Transform != nil, scale, translate, d)
	}
	features := object.Geometries
	if object.Type != "GeometryCollection" {
		features = []topoObject{object}
	}
	if len(features) == 0 {
		return &Problem{Reason: NoFeatures, Message: "the layer has no geometries", Remedy: "check the export: it should hold one polygon an area"}
	}
	for i, o := range features {
		f := rawFeature{index: i + 1, id: o.ID, properties: o.Properties}
		f.polygons, f.bad = o.shape(arcs)
		emit(f)
	}
	return nil
}

// layer is the object to read.
func (t *topology) layer(name string) (topoObject, *Problem) {
	names := make([]string, 0, len(t.Objects))
	for n := range t.Objects {
		names = append(names, n)
	}
	slices.Sort(names)
	has := "the file has " + strings.Join(names, ", ")
	switch {
	case len(names) == 0:
		return topoObject{}, &Problem{Reason: NoFeatures, Message: "the topology has no objects", Remedy: "check the export"}
	case name == "" && len(names) > 1:
		return topoObject{}, &Problem{Reason: UnknownLayer, Message: "several layers: " + has, Remedy: "name one with --layer"}
	case name == "":
		name = names[0]
	}
	object, ok := t.Objects[name]
	if !ok {
		return topoObject{}, &Problem{Reason: UnknownLayer, Message: fmt.Sprintf("no layer %q: %s", name, has), Remedy: "name one of them with --layer"}
	}
	return object, nil
}

func readArc(text []byte, quantised bool, scale, translate [2]float64, d door) ([]geo.Point, error) {
	s := scanner{data: text}
	var points []geo.Point
	var sumX, sumY float64
	err := s.array(func(i int) error {
		x, y, err := s.position()
		if err != nil {
			return fmt.Errorf("position %d: %w", i+1, err)
		}
		if quantised {
			// Positions are differences in whole steps; their sums are exact in a double.
			sumX, sumY = sumX+x, sumY+y
			x, y = sumX*scale[0]+translate[0], sumY*scale[1]+translate[1]
		}
		p, bad := d.point(x, y)
		if bad != nil {
			return fmt.Errorf("position %d: %w", i+1, bad)
		}
		points = append(points, p)
		return nil
	})
	return points, err
}

// shape joins an object's arcs into rings.
func (o *topoObject) shape(arcs []arc) ([][][]geo.Point, *defect) {
	var lists [][][]int
	var err error
	switch o.Type {
	case "Polygon":
		lists = make([][][]int, 1)
		err = json.Unmarshal(o.Arcs, &lists[0])
	case "MultiPolygon":
		err = json.Unmarshal(o.Arcs, &lists)
	case "":
		return nil, &defect{reason: NoGeometry, message: "the feature has no geometry", remedy: "draw its polygon, or take the feature out"}
	default:
		return nil, notAPolygon(o.Type)
	}
	if err != nil {
		return nil, &defect{reason: BadTopology, message: fmt.Sprintf("the arcs of a %s are not lists of numbers", o.Type), remedy: "export the file again"}
	}
	polygons := make([][][]geo.Point, len(lists))
	for i, rings := range lists {
		for j, list := range rings {
			ring, err := joinArcs(list, arcs)
			if err != nil {
				bad := coordinateDefect(fmt.Errorf("polygon %d: ring %d: %w", i+1, j+1, err))
				if bad.reason == BadCoordinates {
					bad.reason = BadTopology
				}
				return nil, bad
			}
			polygons[i] = append(polygons[i], ring)
		}
	}
	return polygons, nil
}

// joinArcs makes a ring: arc i forwards, or arc −1−i backwards where the index is negative.
func joinArcs(list []int, arcs []arc) ([]geo.Point, error) {
	var ring []geo.Point
	for _, index := range list {
		backwards := index < 0
		if backwards {
			index = -1 - index
		}
		if index >= len(arcs) {
			return nil, fmt.Errorf("there is no arc %d; the file has %d", index, len(arcs))
		}
		if err := arcs[index].err; err != nil {
			return nil, fmt.Errorf("arc %d: %w", index, err)
		}
		points := arcs[index].points
		if len(points) == 0 {
			return nil, fmt.Errorf("arc %d is empty", index)
		}
		if backwards {
			points = slices.Clone(points)
			slices.Reverse(points)
		}
		if len(ring) > 0 {
			if ring[len(ring)-1] != points[0] {
				return nil, fmt.Errorf("arc %d does not begin where the arc before it ends", index)
			}
			points = points[1:]
		}
		ring = append(ring, points...)
	}
	return ring, nil
}
