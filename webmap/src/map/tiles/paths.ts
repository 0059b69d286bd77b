import type { AreaLayer, Level, Tile } from './decode.ts'
import type { Geometry } from './geometry.ts'

/**
 * The Path2D of a tile, each built when it is first drawn and then kept, in tile units: a restyle draws them again without
 * fetching or decoding.
 */
export interface Paths {
  /** All areas of a level in one path. */
  level(level: Level): Path2D | null
  area(level: Level, index: number): Path2D | null
  border(level: Level): Path2D | null
}

export function pathsOf(tile: Tile): Paths {
  const kept = new Map<string, Path2D>()
  const keep = (key: string, build: () => Path2D) => {
    const path = kept.get(key) ?? build()
    kept.set(key, path)
    return path
  }
  return {
    level(level) {
      const layer = tile.areas[level]
      return layer ? keep(level, () => tracePath(layer, 0, layer.codes.length, true)) : null
    },
    area(level, index) {
      const layer = tile.areas[level]
      return layer ? keep(`${level}/${index}`, () => tracePath(layer, index, index + 1, true)) : null
    },
    border(level) {
      const layer = tile.borders[level]
      return layer ? keep(`border/${level}`, () => tracePath(layer, 0, layer.featureStart.length - 1, false)) : null
    },
  }
}

/** The features from … to − 1 in one path. */
export function tracePath(geometry: Geometry, from: number, to: number, close: boolean): Path2D {
  const { featureStart, partStart, coords } = geometry
  const path = new Path2D()
  for (let part = featureStart[from] ?? 0; part < (featureStart[to] ?? 0); part++) {
    const start = partStart[part] ?? 0
    const end = partStart[part + 1] ?? 0
    for (let k = start; k < end; k++) {
      const x = coords[2 * k] ?? 0
      const y = coords[2 * k + 1] ?? 0
      if (k === start) path.moveTo(x, y)
      else path.lineTo(x, y)
    }
    if (close) path.closePath()
  }
  return path
}

/** Index of the area of a layer that has the point (tile units) inside, by the even-odd rule; -1 where there is none. */
export function areaAt(layer: AreaLayer, x: number, y: number): number {
  return featureAt(layer, layer.codes.length, x, y)
}

/** areaAt for any `count` features that have boxes. */
export function featureAt(layer: Geometry & { boxes: Int16Array }, count: number, x: number, y: number): number {
  const { boxes, featureStart, partStart, coords } = layer
  for (let i = 0; i < count; i++) {
    if (
      x < (boxes[4 * i] ?? 0) ||
      y < (boxes[4 * i + 1] ?? 0) ||
      x > (boxes[4 * i + 2] ?? 0) ||
      y > (boxes[4 * i + 3] ?? 0)
    )
      continue
    let inside = false
    for (let part = featureStart[i] ?? 0; part < (featureStart[i + 1] ?? 0); part++) {
      const start = partStart[part] ?? 0
      const end = partStart[part + 1] ?? 0
      for (let k = start, before = end - 1; k < end; before = k++) {
        const ax = coords[2 * k] ?? 0
        const ay = coords[2 * k + 1] ?? 0
        const bx = coords[2 * before] ?? 0
        const by = coords[2 * before + 1] ?? 0
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside
      }
    }
    if (inside) return i
  }
  return -1
}
