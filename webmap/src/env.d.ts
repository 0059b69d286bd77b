/// <reference types="vite/client" />

// The files that Leaflet's own bundle is made of have no types of their own.
declare module 'leaflet/src/core/Util.js' {
  import { Util } from 'leaflet'
  export const setOptions: typeof Util.setOptions
}
declare module 'leaflet/src/dom/DomUtil.js' {
  import { DomUtil } from 'leaflet'
  export const create: typeof DomUtil.create
  export const getPosition: typeof DomUtil.getPosition
  export const setPosition: typeof DomUtil.setPosition
  export const setTransform: typeof DomUtil.setTransform
}
declare module 'leaflet/src/geo/LatLngBounds.js' {
  export { latLngBounds as toLatLngBounds } from 'leaflet'
}
declare module 'leaflet/src/geometry/Bounds.js' {
  export { bounds as toBounds } from 'leaflet'
}
declare module 'leaflet/src/geometry/Point.js' {
  export { point as toPoint } from 'leaflet'
}
declare module 'leaflet/src/layer/Layer.js' {
  export { Layer } from 'leaflet'
}
declare module 'leaflet/src/layer/marker/DivIcon.js' {
  export { divIcon } from 'leaflet'
}
declare module 'leaflet/src/layer/marker/Marker.js' {
  export { Marker, marker } from 'leaflet'
}
declare module 'leaflet/src/layer/tile/GridLayer.js' {
  export { GridLayer } from 'leaflet'
}
declare module 'leaflet/src/map/index.js' {
  export { Map, map } from 'leaflet'
}
declare module 'leaflet/src/layer/LayerGroup.js' {
  export { layerGroup } from 'leaflet'
}
declare module 'leaflet/src/layer/vector/Circle.js' {
  export { circle } from 'leaflet'
}
declare module 'leaflet/src/layer/vector/CircleMarker.js' {
  export { circleMarker } from 'leaflet'
}
declare module 'leaflet/src/layer/vector/Polyline.js' {
  export { polyline } from 'leaflet'
}
declare module 'leaflet/src/layer/vector/Renderer.getRenderer.js'
