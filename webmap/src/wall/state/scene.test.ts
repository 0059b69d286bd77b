import { describe, expect, it } from 'vitest'
import { firstScene } from '../scenes/normal.ts'
import { startOf } from './day.ts'
import { formatAddress, listAddress, parseAddress, periodStart, type WallAddress } from './scene.ts'

const plain: WallAddress = { scene: null, shown: firstScene(), clock: { kind: 'live' }, rotating: false }
const full: WallAddress = {
  scene: null,
  shown: {
    view: { lon: 119.82, lat: 31.34, zoom: 11.5 },
    layer: 'areas',
    level: 'grid',
    period: '7d',
    filter: {
      items: ['noise', 'fire_hazard'],
      channels: ['hotline_12345'],
      statuses: ['collected'],
      areas: ['320282001'],
      hours: [7, 8],
      weekdays: [1],
    },
    panels: ['stream', 'hours'],
  },
  clock: { kind: 'replay', day: '2026-03-02', at: startOf('2026-03-02') + 3_600_000, speed: 600, playing: false },
  rotating: true,
}

describe('the address of the wall', () => {
  it('is empty for the wall as it opens, and keeps everything else there and back', () => {
    expect(formatAddress(plain)).toBe('')
    expect(parseAddress('')).toEqual(plain)
    expect(parseAddress(formatAddress(full))).toEqual({
      ...full,
      shown: { ...full.shown, panels: ['stream', 'hours'] },
    })
  })

  it('names a saved scene instead of what it holds', () => {
    expect(formatAddress({ ...full, scene: 'abc', clock: { kind: 'live' } })).toBe('?scene=abc&rotate=1')
  })

  it('can show no panel', () => {
    const shown = { ...firstScene(), panels: [] }
    expect(parseAddress(formatAddress({ ...plain, shown })).shown.panels).toEqual([])
  })

  it.each(['?at=1,2', '?at=200,2,9', '?layer=x&level=y&period=z', '?replay=2026-02-30', '?hour=24&weekday=0'])(
    'leaves out what it cannot read in %s',
    (search) => {
      expect(parseAddress(search)).toEqual(plain)
    },
  )
})

it('counts a period back from whole minutes, and a day from midnight in Shanghai', () => {
  const now = Date.parse('2026-03-01T16:30:40Z')
  const midnight = startOf('2026-03-02')
  expect(periodStart('today', plain.clock, now)).toBe(midnight)
  expect(periodStart('24h', plain.clock, now)).toBe(Date.parse('2026-02-28T16:30:00Z'))
  // At its very beginning a replayed day is that day, not the one that has just ended.
  const clock = { kind: 'replay', day: '2026-03-02', at: midnight, speed: 1, playing: true } as const
  expect(periodStart('today', clock, now)).toBe(midnight)
  expect(periodStart('today', { ...clock, at: midnight + 24 * 3_600_000 }, now)).toBe(midnight)
  expect(periodStart('7d', clock, now)).toBe(startOf('2026-02-23'))
})

describe('the list behind a figure', () => {
  const now = startOf('2026-03-02') + 40_000_000

  it('is that of the day so far', () => {
    expect(listAddress(firstScene(), plain.clock, now, { items: ['noise'], hour: 7 })).toBe(
      '/incidents?item=noise&hour=7&from=2026-03-01T16%3A00%3A00.000Z',
    )
  })

  it('keeps the filter of the scene, and ends at the replayed moment', () => {
    expect(listAddress(full.shown, full.clock, now, { channels: ['worker'] })).toBe(
      '/incidents?item=noise,fire_hazard&channel=worker&status=collected&area=320282001&hour=7,8&weekday=1' +
        '&from=2026-03-01T16%3A00%3A00.000Z&to=2026-03-01T17%3A00%3A00.000Z',
    )
  })

  it('takes other ends where they are given', () => {
    expect(listAddress(firstScene(), plain.clock, now, { from: 0, to: 1000 })).toBe(
      '/incidents?to=1970-01-01T00%3A00%3A01.000Z',
    )
  })
})
