/**
 * A place in the world as the map projects it (EPSG:3857): x 0…1 from 180° W eastward, y 0…1 from 85.05° N southward.
 * At map zoom z the world is 256 · 2^z CSS pixels wide.
 */
export interface WorldPoint {
  x: number
  y: number
}

export function toWorld(lon: number, lat: number): WorldPoint {
  const sin = Math.sin((lat * Math.PI) / 180)
  return { x: (lon + 180) / 360, y: 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI) }
}

export function toLonLat({ x, y }: WorldPoint): { lon: number; lat: number } {
  return { lon: x * 360 - 180, lat: (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI }
}

export const worldPixels = (zoom: number) => 256 * 2 ** zoom
