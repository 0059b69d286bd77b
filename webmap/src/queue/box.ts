import type { Place } from './types.ts'

const M_PER_DEGREE = 111_195

/** The box (west, south, east, north) that reaches some metres to each side of a place. */
export function boxAround({ lon, lat }: Place, radiusM: number): [number, number, number, number] {
  const north = radiusM / M_PER_DEGREE
  const east = north / Math.cos((lat * Math.PI) / 180)
  return [lon - east, lat - north, lon + east, lat + north]
}

/** The smallest box around places, at least some metres to each side of each. */
export function boxOf(places: readonly Place[], radiusM: number): [number, number, number, number] | null {
  const [first, ...rest] = places.map((place) => boxAround(place, radiusM))
  if (!first) return null
  return rest.reduce(
    (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])],
    first,
  )
}
