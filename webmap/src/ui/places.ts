/** A place that a search found beside areas. */
export interface FoundPlace {
  id: string
  name: string
  /** What it is, in a word or two. */
  kind: string
  /** Where it is, in words. */
  where: string
  /** Degrees, EPSG:4326. */
  lon: number
  lat: number
}

/** Where a search box looks beside areas, with the words for both. */
export interface PlaceSource {
  label: string
  placeholder: string
  none: string
  /** Heading of the areas. */
  areas: string
  /** Heading of what find gives. */
  places: string
  find(query: string, limit: number, signal: AbortSignal): Promise<FoundPlace[]>
}
