import { describe, expect, it } from 'vitest'
import { startOf } from '../state/day.ts'
import { type Columns, histogram, Tally } from './tally.ts'

const start = startOf('2026-03-02')

/** Some incidents of a day, pseudo-random but the same in every run. */
function someDay(count: number): Columns {
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const at = Array.from({ length: count }, () => random(86_400)).sort((a, b) => a - b)
  return {
    start,
    at,
    lon: at.map(() => 119_800_000),
    lat: at.map(() => 31_300_000),
    item: at.map(() => random(5)),
    channel: at.map(() => random(3)),
    town: at.map(() => random(4) - 1),
    items: ['a', 'b', 'c', 'd', 'e'],
    channels: ['x', 'y', 'z'],
    areas: ['1', '2', '3'],
    id: at.map((_, i) => `${i}`),
  }
}

/** The slow twin: counts everything anew. */
function twin(columns: Columns, instant: number) {
  const taken = columns.at.flatMap((seconds, i) => (start + seconds * 1000 < instant ? [i] : []))
  const count = (column: readonly number[], length: number) =>
    Array.from({ length }, (_, value) => taken.filter((i) => column[i] === value).length)
  return {
    count: taken.length,
    hours: Array.from(
      { length: 24 },
      (_, hour) => taken.filter((i) => Math.floor((columns.at[i] ?? 0) / 3600) === hour).length,
    ),
    byItem: count(columns.item, 5),
    byChannel: count(columns.channel, 3),
    byTown: count(columns.town, 3),
  }
}

describe('a tally', () => {
  it('counts what a count from the start gives, forwards and back', () => {
    const columns = someDay(500)
    const tally = new Tally(columns)
    for (const minute of [0, 1, 30, 31, 700, 1439, 1440, 600, 601, 0, 2000, 1]) {
      const instant = start + minute * 60_000
      tally.moveTo(instant)
      const { count, hours, byItem, byChannel, byTown } = tally
      expect({ count, hours, byItem, byChannel, byTown }).toEqual(twin(columns, instant))
    }
  })

  it('says which came to it, each once', () => {
    const columns = someDay(300)
    const tally = new Tally(columns)
    const seen: number[] = []
    for (let minute = 0; minute <= 1440; minute += 7) {
      const [from, to] = tally.moveTo(start + minute * 60_000)
      for (let i = from; i < to; i++) seen.push(i)
    }
    tally.moveTo(start + 1440 * 60_000)
    expect(seen).toEqual(columns.at.flatMap((seconds, i) => (seconds < 1435 * 60 ? [i] : [])))
  })

  it('keeps an instant that several share whole', () => {
    const columns = { ...someDay(3), at: [10, 10, 10] }
    const tally = new Tally(columns)
    tally.moveTo(start + 10_000)
    expect(tally.count).toBe(0)
    tally.moveTo(start + 10_001)
    expect(tally.count).toBe(3)
    tally.moveTo(start + 10_000)
    expect(tally.count).toBe(0)
  })
})

it('divides a day', () => {
  const columns = { ...someDay(4), at: [0, 3600, 86_399, 86_400] }
  expect(histogram(columns, 24)).toEqual([1, 1, ...new Array(21).fill(0), 2])
})
