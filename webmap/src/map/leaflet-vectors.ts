import 'leaflet/src/layer/vector/Renderer.getRenderer.js'

/* Leaflet's lines, circles and groups, for the maps that have them: of the same Leaflet as leaflet.ts, since a page can have only one. */
export type { Circle, CircleMarker, LatLngTuple, Polyline } from 'leaflet'
export { layerGroup } from 'leaflet/src/layer/LayerGroup.js'
export { circle } from 'leaflet/src/layer/vector/Circle.js'
export { circleMarker } from 'leaflet/src/layer/vector/CircleMarker.js'
export { polyline } from 'leaflet/src/layer/vector/Polyline.js'
