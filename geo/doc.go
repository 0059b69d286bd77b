// Package geo is the pure geometry of Jingwei: no I/O, no clock, no globals that change. It imports only the
// standard library, orb and h3-go, and nothing of the server.
//
// # Frames and units
//
//   - Angles are degrees, always longitude first, latitude second: EPSG:4326 with axes (lon, lat). CGCS2000 is
//     taken as WGS-84; they differ by less than the lattice needs. GCJ-02 and BD-09 are converted at the edge
//     of the program, once (Datum), and never stored.
//   - A stored place is a Point: int32 longitude and latitude on the lattice of 1e-7°, about 1 cm.
//   - Lengths are metres and carry M in their name (withinM); degrees carry Deg where the unit could be doubted.
//   - The lattice is flat. Longitude 180° and −180° are different points, and no edge crosses the antimeridian:
//     shapes that do are cut there, as RFC 7946 (section 3.1.9) asks. Edges are straight lines in (lon, lat).
//
// # Exactness
//
// Orientation, point on segment, ring area and point in ring are decided in integers without rounding, so there
// is no epsilon anywhere. Two areas that write the same vertices share exactly the same line.
//
// # Border rule
//
// An area is a closed set: its border belongs to its shape. A point is a candidate for every area whose shape
// contains it and none of whose children's shapes contains it; among the candidates the one with the lowest
// code, compared byte by byte, owns the point. It follows that
//
//   - the finest area owns;
//   - on a border that neighbours share the lowest code owns, always the same one;
//   - where the children leave a part of their parent uncovered, the parent itself owns that part (属地兜底);
//   - a point in no area is outside; package snap can name the nearest owner within a distance.
//
// # Tolerance
//
// Only package coverage's Clean knows one: it makes areas that nearly fit share their borders to the vertex, and names
// what it may not mend. After it nothing needs a tolerance any more.
//
// # Rings
//
// A ring is the list of its vertices without repeating the first one at the end. Shells run counter-clockwise and
// holes clockwise, so that the inside lies to the left of every edge.
package geo
