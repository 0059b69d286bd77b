import { type Geometry, GeometryWriter, type MvtLayer } from './geometry.ts'

/** Hexagons with how many incidents they hold. */
export interface CellLayer extends Geometry {
  cells: string[]
  counts: Int32Array
  /** In the period before, where two are compared. */
  before: Int32Array | null
  /** 0–6 from the fewest to the most; −3…3 where two periods are compared. */
  classes: Int8Array
  /** Box of cell i, in tile units, at 4i: min x, min y, max x, max y. */
  boxes: Int16Array
}

/** Single incidents, and clusters of those that lie near each other. */
export interface PointLayer {
  /** Places in the world, as those of labels. */
  x: Float64Array
  y: Float64Array
  /** 1 is one incident. */
  counts: Int32Array
  /** '' for a cluster. */
  ids: string[]
  items: string[]
  statuses: string[]
}

export function decodeCells(layer: MvtLayer): CellLayer {
  const geometry = new GeometryWriter()
  const cells: string[] = []
  const counts = new Int32Array(layer.length)
  const before = new Int32Array(layer.length)
  const classes = new Int8Array(layer.length)
  const boxes = new Int16Array(layer.length * 4)
  let compared = false
  for (let i = 0; i < layer.length; i++) {
    const feature = layer.feature(i)
    const { properties } = feature
    cells.push(String(properties.cell ?? ''))
    counts[i] = Number(properties.count ?? 0)
    compared ||= properties.before !== undefined
    before[i] = Number(properties.before ?? 0)
    classes[i] = Number(properties.class ?? 0)
    boxes.set(geometry.add(feature), i * 4)
  }
  return { ...geometry.finish(), cells, counts, before: compared ? before : null, classes, boxes }
}

/** A point in a tile's buffer belongs to its neighbour. */
export function decodePoints(layer: MvtLayer, z: number, x: number, y: number): PointLayer {
  const tiles = 2 ** z
  const xs: number[] = []
  const ys: number[] = []
  const counts: number[] = []
  const points = { ids: [] as string[], items: [] as string[], statuses: [] as string[] }
  for (let i = 0; i < layer.length; i++) {
    const feature = layer.feature(i)
    const { id, item, status, count } = feature.properties
    const at = feature.loadGeometry()[0]?.[0]
    if (!at || at.x < 0 || at.y < 0 || at.x >= layer.extent || at.y >= layer.extent) continue
    xs.push((x + at.x / layer.extent) / tiles)
    ys.push((y + at.y / layer.extent) / tiles)
    counts.push(Number(count ?? 1))
    points.ids.push(String(id ?? ''))
    points.items.push(String(item ?? ''))
    points.statuses.push(String(status ?? ''))
  }
  return { x: Float64Array.from(xs), y: Float64Array.from(ys), counts: Int32Array.from(counts), ...points }
}
