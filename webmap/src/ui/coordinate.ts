/** What a person typed as coordinates, in degrees and in no stated system. */
export interface TypedPoint {
  lon: number
  lat: number
  /** They were read as latitude first, against the order of this map. */
  swapped: boolean
}

/** Degrees: west, south, east, north. */
type Box = readonly number[]

const NUMBER = String.raw`([-+]?\d{1,3}(?:\.\d+)?)\s*°?`
const MINUTES = String.raw`(?:\s*(\d{1,2}(?:\.\d+)?)\s*[′'分])?`
const SECONDS = String.raw`(?:\s*(\d{1,2}(?:\.\d+)?)\s*[″"秒])?`
const SIDE = '([NSEW]|北纬|南纬|东经|西经|北|南|东|西)?'
const ANGLE = String.raw`\s*${SIDE}\s*${NUMBER}${MINUTES}${SECONDS}\s*${SIDE}\s*`
const PAIR = new RegExp(`^${ANGLE}(,|;|/|\\s)${ANGLE}$`, 'i')

interface Angle {
  degrees: number
  axis: 'lon' | 'lat' | null
}

/**
 * Reads "119.82,31.34", "31°20′26″N 119°49′24″E", "北纬31.34 东经119.82" and the like. Without a side the order is longitude,
 * latitude, unless only the other order makes sense: as degrees, or because only it lies in the box around the areas.
 * Null is what does not look like coordinates; 'range' what does but is nowhere on Earth.
 */
export function parseCoordinates(text: string, areas?: Box | null): TypedPoint | 'range' | null {
  // NFKC makes full-width digits, commas and degrees plain; primes and quotes come in many forms.
  const plain = text
    .normalize('NFKC')
    .replace(/[’‘´`]/g, "'")
    .replace(/[”“]|''|′′/g, '"')
    .replace(/[、。]/g, ',')
    .replace(/[−–]/g, '-')
    .replace(/度/g, '°')
    .replace(/^\s*[([]|[)\]]\s*$/g, '')
    .replace(/\s*([,;/])\s*/g, '$1')
    .trim()
  const match = PAIR.exec(plain)
  if (!match) return null
  const first = angle(match.slice(1, 6))
  const second = angle(match.slice(7, 12))
  if (!first || !second) return null
  // Two whole numbers with a space between are more likely a search for something else.
  if (/\s/.test(match[6] ?? '') && !/[.°]/.test(plain) && !first.axis) return null
  if (first.axis && second.axis && first.axis === second.axis) return null

  const latFirst = first.axis === 'lat' || second.axis === 'lon'
  const lonFirst = first.axis === 'lon' || second.axis === 'lat'
  const asTyped = { lon: first.degrees, lat: second.degrees }
  const other = { lon: second.degrees, lat: first.degrees }
  if (latFirst) return valid(other) ? { ...other, swapped: false } : 'range'
  if (lonFirst) return valid(asTyped) ? { ...asTyped, swapped: false } : 'range'
  if (!valid(asTyped)) return valid(other) ? { ...other, swapped: true } : 'range'
  const swapped = valid(other) && !!areas && !near(areas, asTyped) && near(areas, other)
  return swapped ? { ...other, swapped } : { ...asTyped, swapped }
}

function angle([before, degrees, minutes, seconds, after]: (string | undefined)[]): Angle | null {
  if (before && after) return null
  const side = (before ?? after ?? '').toUpperCase()
  const axis = /^[NS北南]/.test(side) ? 'lat' : /^[EW东西]/.test(side) ? 'lon' : null
  const size = Math.abs(Number(degrees)) + Number(minutes ?? 0) / 60 + Number(seconds ?? 0) / 3600
  const negative = (degrees ?? '').startsWith('-') !== /^[SW南西]/.test(side)
  return { degrees: negative ? -size : size, axis }
}

const valid = ({ lon, lat }: { lon: number; lat: number }) => Math.abs(lon) <= 180 && Math.abs(lat) <= 90

/** Whether a point lies in a box or within one size of it. */
function near([west = 0, south = 0, east = 0, north = 0]: Box, { lon, lat }: { lon: number; lat: number }): boolean {
  const width = east - west
  const height = north - south
  return lon >= west - width && lon <= east + width && lat >= south - height && lat <= north + height
}
