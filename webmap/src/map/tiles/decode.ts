import { VectorTile } from '@mapbox/vector-tile'
import { PbfReader } from 'pbf'
import { type CellLayer, decodeCells, decodePoints, type PointLayer } from './counted.ts'
import { type Geometry, GeometryWriter, type MvtLayer } from './geometry.ts'

/** The levels of areas, from the widest to the finest; also the names of the tile's polygon layers. */
export const LEVELS = ['county', 'town', 'community', 'grid', 'micro'] as const
export type Level = (typeof LEVELS)[number]

/** The areas of one level in a tile. */
export interface AreaLayer extends Geometry {
  codes: string[]
  names: string[]
  /** Code of the area one level up; '' at the top. */
  parents: string[]
  /** Box of feature i, in tile units, at 4i: min x, min y, max x, max y. */
  boxes: Int16Array
}

/** Borders of one level: each arc once, under the highest level that it separates. */
export type BorderLayer = Geometry

export interface LabelPoint {
  code: string
  /** The area's name, without its parent's name where it begins with it: on the map it stands inside its parent. */
  name: string
  level: Level
  /** Order among labels of one level; the lowest is drawn first. */
  rank: number
  /** Place in the world: 0…1 from 180° W eastward and from 85.05° N southward (EPSG:3857). */
  x: number
  y: number
}

export interface Tile {
  z: number
  x: number
  y: number
  extent: number
  areas: Partial<Record<Level, AreaLayer>>
  borders: Partial<Record<Level, BorderLayer>>
  labels: LabelPoint[]
  /** Counted hexagons, in tiles of heat. */
  cells?: CellLayer
  /** Incidents and clusters of them, in tiles of incidents. */
  points?: PointLayer
}

export const isLevel = (word: unknown): word is Level => (LEVELS as readonly unknown[]).includes(word)

/** Reads one MVT 2.1 tile. Unknown layers are passed over; a damaged tile throws. */
export function decodeTile(bytes: ArrayBuffer | Uint8Array, z: number, x: number, y: number): Tile {
  const { layers } = new VectorTile(new PbfReader(bytes))
  const tile: Tile = { z, x, y, extent: 4096, areas: {}, borders: {}, labels: [] }
  for (const layer of Object.values(layers)) {
    tile.extent = layer.extent
    if (isLevel(layer.name)) tile.areas[layer.name] = decodeAreas(layer)
    else if (layer.name === 'border') tile.borders = decodeBorders(layer)
    else if (layer.name === 'heat') tile.cells = decodeCells(layer)
    else if (layer.name === 'incident') tile.points = decodePoints(layer, z, x, y)
  }
  if (layers.label) tile.labels = decodeLabels(layers.label, tile.areas, z, x, y)
  return tile
}

/** The buffers of a tile, to be handed over instead of copied. */
export function buffersOf(tile: Tile): ArrayBufferLike[] {
  const buffers: ArrayBufferLike[] = []
  for (const layer of [
    ...Object.values(tile.areas),
    ...Object.values(tile.borders),
    ...(tile.cells ? [tile.cells] : []),
  ]) {
    buffers.push(layer.featureStart.buffer, layer.partStart.buffer, layer.coords.buffer)
    if ('boxes' in layer) buffers.push((layer as AreaLayer).boxes.buffer)
  }
  return buffers
}

function decodeAreas(layer: MvtLayer): AreaLayer {
  const geometry = new GeometryWriter()
  const codes: string[] = []
  const names: string[] = []
  const parents: string[] = []
  const boxes = new Int16Array(layer.length * 4)
  for (let i = 0; i < layer.length; i++) {
    const feature = layer.feature(i)
    codes.push(String(feature.properties.code))
    names.push(String(feature.properties.name))
    parents.push(String(feature.properties.parent ?? ''))
    boxes.set(geometry.add(feature), i * 4)
  }
  return { ...geometry.finish(), codes, names, parents, boxes }
}

function decodeBorders(layer: MvtLayer): Partial<Record<Level, BorderLayer>> {
  const writers = new Map<Level, GeometryWriter>()
  for (let i = 0; i < layer.length; i++) {
    const feature = layer.feature(i)
    const level = feature.properties.level
    if (!isLevel(level)) continue
    const writer = writers.get(level) ?? new GeometryWriter()
    writers.set(level, writer)
    writer.add(feature)
  }
  return Object.fromEntries([...writers].map(([level, writer]) => [level, writer.finish()]))
}

function decodeLabels(layer: MvtLayer, areas: Tile['areas'], z: number, x: number, y: number): LabelPoint[] {
  const shorten = shortNames(areas)
  const labels: LabelPoint[] = []
  const tiles = 2 ** z
  for (let i = 0; i < layer.length; i++) {
    const feature = layer.feature(i)
    const { code, name, level, rank } = feature.properties
    const point = feature.loadGeometry()[0]?.[0]
    if (!point || !isLevel(level)) continue
    labels.push({
      code: String(code),
      name: shorten(String(code), String(name)),
      level,
      rank: Number(rank ?? 0),
      x: (x + point.x / layer.extent) / tiles,
      y: (y + point.y / layer.extent) / tiles,
    })
  }
  return labels
}

/** Takes the parent's name off the front of a name. Who owns a label's point is in its tile, and so is the parent. */
function shortNames(areas: Tile['areas']): (code: string, name: string) => string {
  const names = new Map<string, string>()
  const parents = new Map<string, string>()
  for (const layer of Object.values(areas)) {
    layer.codes.forEach((code, i) => {
      names.set(code, layer.names[i] ?? '')
      parents.set(code, layer.parents[i] ?? '')
    })
  }
  return (code, name) => {
    const parent = names.get(parents.get(code) ?? '') ?? ''
    return parent !== '' && name.length > parent.length && name.startsWith(parent)
      ? name.slice(parent.length).trim()
      : name
  }
}
