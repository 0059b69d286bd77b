// Areas that nearly fit, imported and exported again, judged by programs of others: GEOS (GEOSCoverageIsValid) and mapshaper.
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Feature, FeatureCollection, MultiPolygon, Polygon, Position } from 'geojson'
import initGeosJs from 'geos-wasm'
import mapshaper from 'mapshaper'
import { afterAll, beforeAll, expect, test } from 'vitest'

type Area = Feature<Polygon | MultiPolygon, { code: string; level: string; parent: string | null }>

const run = promisify(execFile)
const program = fileURLToPath(new URL('../../../bin/jingwei', import.meta.url))
const toleranceM = 0.5
const metresPerDegree = 111_195
const town = '320282002'

const folder = mkdtempSync(join(tmpdir(), 'jingwei-coverage-'))
chmodSync(folder, 0o711) // as root, PostgreSQL runs as another user, who has to come in
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let geos: Awaited<ReturnType<typeof initGeosJs>>
beforeAll(async () => {
  geos = await initGeosJs()
})

/** The program with a database of its own. */
const own = (...args: string[]) => run(program, [...args, '--data-dir', join(folder, 'data')])

/** The program with the database of the server under test. */
const shared = (...args: string[]) => run(program, args)

const read = (file: string): Area[] =>
  (JSON.parse(readFileSync(file, 'utf8')) as FeatureCollection<Polygon | MultiPolygon>).features as Area[]

async function exported(program: typeof own, level: string): Promise<Area[]> {
  const file = join(folder, `${level}.exported.geojson`)
  await program('export', 'areas', '--level', level, '-o', file)
  return read(file)
}

/** What GEOS says of areas as one coverage: no overlap, and borders shared to the vertex. */
function isCoverage(areas: Area[]): boolean {
  const text = JSON.stringify({
    type: 'GeometryCollection',
    geometries: areas.flatMap(({ geometry: g }) =>
      g.type === 'Polygon' ? [g] : g.coordinates.map((coordinates) => ({ type: 'Polygon', coordinates })),
    ),
  })
  const { Module } = geos
  const size = Buffer.byteLength(text) + 1
  const pointer = Module._malloc(size)
  Module.stringToUTF8(text, pointer, size)
  const reader = geos.GEOSGeoJSONReader_create()
  const collection = geos.GEOSGeoJSONReader_readGeometry(reader, pointer)
  const invalid = Module._malloc(4)
  try {
    expect(collection).not.toBe(0)
    return geos.GEOSCoverageIsValid(collection, 0, invalid) === 1
  } finally {
    geos.GEOSGeom_destroy(collection)
    geos.GEOSGeoJSONReader_destroy(reader)
    Module._free(pointer)
    Module._free(invalid)
  }
}

const polygons = ({ geometry: g }: Area) => (g.type === 'Polygon' ? [g.coordinates] : g.coordinates)

/** Area and length of border in metres; longitude shortened by the cosine of a latitude, which is good to a thousandth. */
function measure(area: Area): { areaM2: number; borderM: number } {
  let twice = 0
  let borderM = 0
  for (const ring of polygons(area).flat()) {
    const [lon0 = 0, lat0 = 0] = ring[0] ?? []
    const flat = ring.map(([lon = 0, lat = 0]): [number, number] => [
      (lon - lon0) * metresPerDegree * Math.cos((lat0 * Math.PI) / 180),
      (lat - lat0) * metresPerDegree,
    ])
    flat.reduce((a, b) => {
      twice += a[0] * b[1] - b[0] * a[1]
      borderM += Math.hypot(b[0] - a[0], b[1] - a[1])
      return b
    })
  }
  return { areaM2: Math.abs(twice) / 2, borderM }
}

/** Numbers from 0 to 1, the same ones each time (mulberry32). */
function sequence(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Areas as an unsteady hand draws them, each by itself: every vertex up to 0.1 m off in each direction, some edges with a vertex
 * more that the neighbour lacks. So two drawings of a border are up to 0.3 m apart. */
function dirty(areas: Area[], random: () => number): Area[] {
  const off = () => ((random() - 0.5) * 0.2) / metresPerDegree
  const draw = (ring: Position[]) => {
    const drawn = ring.slice(1).flatMap(([lon = 0, lat = 0], i) => {
      const [fromLon = 0, fromLat = 0] = ring[i] ?? []
      const vertex = [lon + off(), lat + off()]
      return random() < 0.1 ? [[(fromLon + lon) / 2 + off(), (fromLat + lat) / 2 + off()], vertex] : [vertex]
    })
    return [...drawn, drawn[0] as Position]
  }
  return areas.map((area) => ({
    ...area,
    geometry: { type: 'MultiPolygon', coordinates: polygons(area).map((rings) => rings.map(draw)) },
  }))
}

const levels = ['county', 'town', 'community', 'grid', 'micro'] as const

test('the demo county is a valid coverage at every level', async () => {
  for (const level of levels) expect(isCoverage(await exported(shared, level)), level).toBe(true)
}, 180_000)

test('what an unsteady hand has drawn is a valid coverage after the import, and as mapshaper cleans it', async () => {
  const random = sequence(1)
  for (const level of ['county', 'town', 'community', 'grid'] as const) {
    // One town for the whole county.
    const all = await exported(shared, level === 'county' ? 'town' : level)
    const drawn = dirty(
      all
        .filter(({ properties: { code } }) => code.startsWith(town))
        .map((area) =>
          level === 'county' ? { ...area, properties: { ...area.properties, code: town.slice(0, 6) } } : area,
        ),
      random,
    )
    const file = join(folder, `${level}.geojson`)
    writeFileSync(file, JSON.stringify({ type: 'FeatureCollection', features: drawn }))
    if (drawn.length > 1) expect(isCoverage(drawn), `${level} as drawn`).toBe(false)
    await own('import', 'areas', file, '--level', level, '--code', 'code', '--name', 'name')
  }
  for (const level of ['county', 'town', 'community', 'grid'] as const) {
    const areas = await exported(own, level)
    expect(isCoverage(areas), level).toBe(true)
    const cleaned = await mapshaper.applyCommands('-i drawn.json -clean -o cleaned.json format=geojson', {
      'drawn.json': readFileSync(join(folder, `${level}.geojson`)),
    })
    const theirs = (JSON.parse(String(cleaned['cleaned.json'])) as { features: Area[] }).features
    expect(theirs.length).toBe(areas.length)
    const byCode = new Map(theirs.map((area) => [area.properties.code, measure(area)]))
    for (const area of areas) {
      const { areaM2, borderM } = measure(area)
      const other = byCode.get(area.properties.code)
      expect(Math.abs(areaM2 - (other?.areaM2 ?? 0)), area.properties.code).toBeLessThan(toleranceM * borderM)
    }
  }
}, 180_000)
