/* The names that the pages use for the types of the API. They come from the server's OpenAPI document (npm run gen). */
import type { components } from './schema.gen.ts'

type Schemas = components['schemas']

/**
 * Two things that the document cannot say: a list may be called nullable in it but is never null, and an object behind a $ref is
 * not called nullable but may be.
 */
export type Lists<T> = [Extract<T, readonly unknown[]>] extends [never]
  ? T extends object
    ? { [K in keyof T]: Lists<T[K]> }
    : T
  : Lists<Extract<T, readonly unknown[]>[number]>[]

type With<T, Changed> = Omit<T, keyof Changed> & Changed

export type Crs = 'wgs84' | 'gcj02' | 'bd09'
/** Longitude, latitude in degrees; the generated types do not carry the length of a list. */
export type Pair = [lon: number, lat: number]
/** West, south, east, north in degrees. */
export type Box = [west: number, south: number, east: number, north: number]

export type About = With<Lists<Schemas['About']>, { notice: Schemas['Notice'] | null; bounds: Box | null }>
export type Snap = With<
  Lists<Schemas['SnapAnswer']>,
  { branch: Schemas['SnapBranch'] | null; coordinates: Record<Crs, Pair> }
>
type Properties = With<Lists<Schemas['AreaProperties']>, { branch: Schemas['AreaBranch'] | null; label: Pair }>
export type AreaFeature = With<Omit<Lists<Schemas['AreaFeature']>, 'geometry'>, { properties: Properties; bbox: Box }>
export type Item = Lists<Schemas['Item']>
export type Incident = Lists<Schemas['IncidentResource']>
export type Report = Pick<
  Lists<Schemas['IncidentNewReport']>,
  'lon' | 'lat' | 'item' | 'channel' | 'title' | 'description'
>
export type TileJson = Lists<Schemas['TileJSON']>
export type Problem = Schemas['Problem']
