/*
 * The parts of Leaflet that maps here are made of: the map with its handlers, tiles that a page draws, markers. Its whole is one file of
 * which no bundler can leave anything out; its popups, vectors, images and controls would be 19 KB (gzip) on every page with a map.
 */
export type {
  Coords,
  DoneCallback,
  LatLng,
  LatLngBounds,
  LeafletEvent,
  LeafletMouseEvent,
  TileEvent,
  ZoomAnimEvent,
} from 'leaflet'
export { setOptions } from 'leaflet/src/core/Util.js'
export * as DomUtil from 'leaflet/src/dom/DomUtil.js'
export { toLatLngBounds as latLngBounds } from 'leaflet/src/geo/LatLngBounds.js'
export { toBounds as bounds } from 'leaflet/src/geometry/Bounds.js'
export { toPoint as point } from 'leaflet/src/geometry/Point.js'
export { Layer } from 'leaflet/src/layer/Layer.js'
export { divIcon } from 'leaflet/src/layer/marker/DivIcon.js'
export { Marker, marker } from 'leaflet/src/layer/marker/Marker.js'
export { GridLayer } from 'leaflet/src/layer/tile/GridLayer.js'
export { Map, map } from 'leaflet/src/map/index.js'
