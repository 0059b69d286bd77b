const EARTH_RADIUS_M = 6_371_009

/** Distance in metres over the sphere between two places in degrees (haversine); good for near ones too. */
export function distanceM(a: { lon: number; lat: number }, b: { lon: number; lat: number }): number {
  const rad = Math.PI / 180
  const lat = ((b.lat - a.lat) * rad) / 2
  const lon = ((b.lon - a.lon) * rad) / 2
  const h = Math.sin(lat) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(lon) ** 2
  return 2 * EARTH_RADIUS_M * Math.asin(Math.min(1, Math.sqrt(h)))
}
