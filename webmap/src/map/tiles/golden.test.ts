// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs'
import { classifyRings, VectorTile } from '@mapbox/vector-tile'
import { PbfReader } from 'pbf'
import { describe, expect, it } from 'vitest'
import { LEVELS } from './decode.ts'

/* The tiles that guard the server's encoder, read by the decoder of Mapbox. */
const folder = new URL('../../../../geo/mvt/testdata/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.mvt'))
const read = (name: string) => new VectorTile(new PbfReader(readFileSync(new URL(name, folder))))

/** Twice the area, positive for an exterior ring of MVT 2.1. */
function twiceArea(ring: { x: number; y: number }[]): number {
  let sum = 0
  for (let i = 1; i < ring.length; i++) {
    const [a, b] = [ring[i - 1], ring[i]]
    if (a && b) sum += a.x * b.y - b.x * a.y
  }
  return sum
}

describe.each(files)('the golden tile %s', (name) => {
  const { layers } = read(name)
  const features = (layer: string) => {
    const found = layers[layer]
    return found ? Array.from({ length: found.length }, (_, i) => found.feature(i)) : []
  }

  it('has layers of version 2 and extent 4096, and no other than ours', () => {
    expect(Object.keys(layers).length).toBeGreaterThan(2)
    for (const layer of Object.values(layers)) {
      expect([...LEVELS, 'border', 'label']).toContain(layer.name)
      expect(layer.version).toBe(2)
      expect(layer.extent).toBe(4096)
      expect(layer.length).toBeGreaterThan(0)
    }
  })

  it('names each area by a number of its own, its code, name and branch', () => {
    const codes = new Map<number, unknown>()
    for (const level of LEVELS) {
      for (const feature of features(level)) {
        const { code, name, parent, branch } = feature.properties
        expect(feature.type).toBe(3)
        expect(Number.isSafeInteger(feature.id)).toBe(true)
        expect(codes.has(feature.id as number)).toBe(false)
        codes.set(feature.id as number, code)
        expect(String(code).startsWith(String(parent ?? ''))).toBe(true)
        expect(name).toBeTruthy()
        expect(branch).toBe(`B${code}`)
      }
    }
    for (const label of features('label')) {
      expect(label.type).toBe(1)
      // A label stands in the one tile that holds its point, where its area is drawn.
      expect(codes.get(label.id as number)).toBe(label.properties.code)
    }
    expect(codes.size).toBeGreaterThan(0)
  })

  it('has exterior rings followed by their holes, all closed and of some area', () => {
    for (const level of LEVELS) {
      for (const feature of features(level)) {
        const rings = feature.loadGeometry()
        const polygons = classifyRings(rings)
        expect(polygons.flat()).toEqual(rings)
        for (const polygon of polygons) {
          polygon.forEach((ring, i) => {
            expect(ring.length).toBeGreaterThan(3)
            expect(ring.at(-1)).toEqual(ring[0])
            expect(Math.sign(twiceArea(ring))).toBe(i === 0 ? 1 : -1)
          })
        }
      }
    }
  })

  it('has one line feature for each level of borders', () => {
    const levels = features('border').map((feature) => {
      expect(feature.type).toBe(2)
      return feature.properties.level
    })
    expect(new Set(levels).size).toBe(levels.length)
    for (const level of levels) expect(LEVELS).toContain(level)
  })
})

it('reads a hole and the enclave in it', () => {
  const county = read('9-426-209.mvt').layers.county
  const [around, enclave] = [county?.feature(0), county?.feature(1)]
  expect(around?.properties.code).toBe('320282')
  expect(classifyRings(around?.loadGeometry() ?? []).map((polygon) => polygon.length)).toContain(2)
  expect(enclave?.properties.name).toBe('飞地')
})
