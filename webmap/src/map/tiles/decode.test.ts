import { PbfWriter } from 'pbf'
import { describe, expect, it } from 'vitest'
import { buffersOf, decodeTile } from './decode.ts'
import { areaAt } from './paths.ts'

interface Feature {
  type: 1 | 2 | 3
  properties: Record<string, string | number>
  parts: [number, number][][]
}

/** Writes an MVT 2.1 tile the plain way, as a twin of what the server writes. */
function encode(layers: Record<string, Feature[]>): Uint8Array {
  const tile = new PbfWriter()
  for (const [name, features] of Object.entries(layers)) tile.writeMessage(3, writeLayer, { name, features })
  return tile.finish()
}

function writeLayer({ name, features }: { name: string; features: Feature[] }, pbf: PbfWriter) {
  const keys: string[] = []
  const values: (string | number)[] = []
  pbf.writeVarintField(15, 2)
  pbf.writeStringField(1, name)
  pbf.writeVarintField(5, 4096)
  for (const feature of features) {
    const tags: number[] = []
    for (const [key, value] of Object.entries(feature.properties)) {
      if (!keys.includes(key)) keys.push(key)
      if (!values.includes(value)) values.push(value)
      tags.push(keys.indexOf(key), values.indexOf(value))
    }
    pbf.writeMessage(
      2,
      (_: null, p) => {
        p.writePackedVarint(2, tags)
        p.writeVarintField(3, feature.type)
        p.writePackedVarint(4, commands(feature))
      },
      null,
    )
  }
  for (const key of keys) pbf.writeStringField(3, key)
  for (const value of values) {
    pbf.writeMessage(
      4,
      (_: null, p) => {
        if (typeof value === 'string') p.writeStringField(1, value)
        else p.writeVarintField(5, value)
      },
      null,
    )
  }
}

function commands({ type, parts }: Feature): number[] {
  const out: number[] = []
  let cx = 0
  let cy = 0
  const zigzag = (n: number) => (n << 1) ^ (n >> 31)
  for (const part of parts) {
    part.forEach(([x, y], i) => {
      if (i === 0) out.push(9)
      else if (i === 1) out.push(((part.length - 1) << 3) | 2)
      out.push(zigzag(x - cx), zigzag(y - cy))
      cx = x
      cy = y
    })
    if (type === 3) out.push(15)
  }
  return out
}

const square = (x: number, y: number, size: number): [number, number][] => [
  [x, y],
  [x + size, y],
  [x + size, y + size],
  [x, y + size],
]
const hole = (x: number, y: number, size: number): [number, number][] => square(x, y, size).toReversed()

const bytes = encode({
  town: [
    {
      type: 3,
      properties: { code: '320282001', name: '宜城街道' },
      parts: [square(-64, 0, 1064), hole(200, 200, 100)],
    },
    {
      type: 3,
      properties: { code: '320282100', name: '张渚镇' },
      parts: [square(1000, 0, 1000), square(3000, 3000, 500)],
    },
  ],
  border: [
    {
      type: 2,
      properties: { level: 'town' },
      parts: [
        [
          [1000, 0],
          [1000, 1000],
        ],
      ],
    },
    {
      type: 2,
      properties: { level: 'county' },
      parts: [
        [
          [0, 0],
          [1000, 0],
        ],
        [
          [1000, 0],
          [2000, 0],
        ],
      ],
    },
    {
      type: 2,
      properties: { level: 'nonsense' },
      parts: [
        [
          [0, 0],
          [1, 1],
        ],
      ],
    },
  ],
  label: [
    { type: 1, properties: { code: '320282001', name: '宜城街道', level: 'town', rank: 3 }, parts: [[[2048, 1024]]] },
  ],
  roads: [
    {
      type: 2,
      properties: {},
      parts: [
        [
          [0, 0],
          [9, 9],
        ],
      ],
    },
  ],
})

describe('decodeTile', () => {
  const tile = decodeTile(bytes, 10, 853, 418)

  it('reads areas into flat arrays', () => {
    expect(Object.keys(tile.areas)).toEqual(['town'])
    const town = tile.areas.town
    expect(town?.codes).toEqual(['320282001', '320282100'])
    expect(town?.names[1]).toBe('张渚镇')
    expect([...(town?.featureStart ?? [])]).toEqual([0, 2, 4])
    expect([...(town?.boxes ?? [])]).toEqual([-64, 0, 1000, 1064, 1000, 0, 3500, 3500])
  })

  it('reads borders by level and leaves out levels that it does not know', () => {
    expect(Object.keys(tile.borders).sort()).toEqual(['county', 'town'])
    expect([...(tile.borders.county?.partStart ?? [])]).toEqual([0, 2, 4])
  })

  it('places labels in the world', () => {
    expect(tile.labels).toEqual([
      { code: '320282001', name: '宜城街道', level: 'town', rank: 3, x: (853 + 0.5) / 1024, y: (418 + 0.25) / 1024 },
    ])
  })

  it('hands over every buffer once', () => {
    const buffers = buffersOf(tile)
    expect(buffers).toHaveLength(4 + 2 * 3)
    expect(new Set(buffers).size).toBe(buffers.length)
  })

  it('throws on a damaged tile', () => {
    expect(() => decodeTile(bytes.slice(0, 40), 0, 0, 0)).toThrow()
  })
})

describe('areaAt', () => {
  const town = decodeTile(bytes, 0, 0, 0).areas.town
  if (!town) throw new Error('the tile has towns')

  it.each([
    [500, 500, 0],
    [1500, 500, 1],
    [3200, 3200, 1],
    [250, 250, -1],
    [2500, 2500, -1],
    [-200, 10, -1],
  ])('finds the owner of %i, %i', (x, y, index) => {
    expect(areaAt(town, x, y)).toBe(index)
  })
})

it('takes the parent’s name off a label', () => {
  const area = (code: string, name: string, parent: string): Feature => ({
    type: 3,
    properties: { code, name, parent },
    parts: [square(0, 0, 100)],
  })
  const point = (code: string, name: string, level: string): Feature => ({
    type: 1,
    properties: { code, name, level },
    parts: [[[50, 50]]],
  })
  const { labels } = decodeTile(
    encode({
      label: [
        point('g', '阳羡社区第八网格', 'grid'),
        point('m', '阳羡社区第八网格05微网格', 'micro'),
        point('c', '阳羡社区', 'community'),
      ],
      community: [area('c', '阳羡社区', 't')],
      grid: [area('g', '阳羡社区第八网格', 'c')],
      micro: [area('m', '阳羡社区第八网格05微网格', 'g')],
    }),
    0,
    0,
    0,
  )
  expect(labels.map(({ name }) => name)).toEqual(['第八网格', '05微网格', '阳羡社区'])
})
