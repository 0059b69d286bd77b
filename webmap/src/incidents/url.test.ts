import { describe, expect, it } from 'vitest'
import { fits, questionOf } from './question.ts'
import { type Address, formatAddress, isPlain, NO_FILTER, parseAddress, startOf } from './url.ts'

const plain: Address = { ...NO_FILTER, sort: '-reported_at', id: '', view: 'list' }
const full: Address = {
  period: '',
  from: '2026-11-01T00:00:00.000Z',
  to: '2026-11-22T10:30:00.000Z',
  hour: [0, 7, 23],
  weekday: [1, 7],
  item: ['noise', 'fire_hazard'],
  channel: ['worker', 'hotline_12345'],
  status: ['collected', 'closed'],
  area: ['320282001', '32028200100200304'],
  bbox: [119.7, 31.2, 119.9, 31.4],
  review: 'border',
  q: '积水 &=,%',
  sort: '-closed_at',
  id: '01a2020e-6be5-74d3-bb56-7f8dd3fc710a',
  view: 'map',
}

describe('the address of the list', () => {
  it('carries every filter there and back', () => {
    expect(parseAddress(formatAddress(full))).toEqual({ address: full, dropped: [] })
    for (const period of ['today', '24h', '30d', 'all'] as const) {
      const address = { ...plain, period }
      expect(parseAddress(formatAddress(address)).address).toEqual(address)
    }
  })

  it('is empty where nothing is asked, and then the last week is shown', () => {
    expect(formatAddress(plain)).toBe('')
    expect(parseAddress('').address).toEqual(plain)
    expect(isPlain(plain)).toBe(true)
    expect(isPlain({ ...plain, q: 'a' })).toBe(false)
  })

  it('can be read by people', () => {
    expect(formatAddress({ ...plain, item: ['noise', 'petition'], from: full.from, period: '' })).toBe(
      '?from=2026-11-01T00:00:00.000Z&item=noise,petition',
    )
  })

  it('leaves out what it cannot read, and says so', () => {
    const { address, dropped } = parseAddress(
      `?period=year&from=yesterday&hour=7,24,x&weekday=0,3&item=noise,a%20b&channel=owl,worker&status=open&bbox=1,2,3&review=all&sort=title&view=globe&q=${'长'.repeat(101)}`,
    )
    expect(address).toEqual({ ...plain, hour: [7], weekday: [3], item: ['noise'], channel: ['worker'] })
    expect(dropped).toEqual([
      'from=yesterday',
      'period=year',
      'sort=title',
      `q=${'长'.repeat(101)}`,
      'view=globe',
      'hour=24',
      'hour=x',
      'weekday=0',
      'item=a b',
      'channel=owl',
      'status=open',
      'bbox=1,2,3',
      'review=all',
    ])
    expect(parseAddress('?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z').address).toEqual(plain)
    for (const bbox of ['1,2,3,x', '3,2,1,4', '-181,2,3,4', ',,,']) {
      expect(parseAddress(`?bbox=${bbox}`)).toEqual({ address: plain, dropped: [`bbox=${bbox}`] })
    }
  })
})

describe('the span of time', () => {
  // 07:30 in Shanghai, when it is still the day before in UTC.
  const now = Date.parse('2026-11-21T23:30:00Z')
  it('begins where people in Shanghai expect', () => {
    const start = (period: Address['period']) => startOf({ ...NO_FILTER, period }, now)
    expect(start('today')).toBe(Date.parse('2026-11-21T16:00:00Z'))
    expect(start('24h')).toBe(now - 86_400_000)
    expect(start('7d')).toBe(now - 7 * 86_400_000)
    expect(start('all')).toBe(null)
    expect(startOf(full, now)).toBe(Date.parse(full.from))
  })

  it('goes to the server in its words', () => {
    expect(questionOf(full, now)).toMatchObject({ from: full.from, to: full.to, hour: [0, 7, 23], q: full.q })
    expect(questionOf({ ...NO_FILTER, period: 'all' }, now)).toEqual({})
  })
})

describe('an arrival', () => {
  const now = Date.parse('2026-11-22T00:00:00Z')
  // A Sunday, 07:30 in Shanghai.
  const arrival = {
    id: '1',
    lon: 119.8,
    lat: 31.3,
    item: 'noise',
    item_name: '噪声',
    item_name_en: 'Noise',
    title: '',
    status: 'collected',
    channel: 'worker',
    areas: ['320282', '320282001'],
    reported_at: '2026-11-21T23:30:00Z',
  } as const
  it('fits a list whose every filter lets it pass', () => {
    expect(fits({ ...arrival, areas: [...arrival.areas] }, NO_FILTER, now)).toBe(true)
    const passing = {
      hour: [7],
      weekday: [7],
      item: ['noise'],
      channel: ['worker'],
      status: ['collected'],
      area: ['320282001'],
      bbox: [119.8, 31.3, 120, 32],
    }
    const failing = {
      hour: [23],
      weekday: [6],
      item: ['petition'],
      channel: ['resident'],
      status: ['closed'],
      area: ['320282002'],
      bbox: [119.81, 31.3, 120, 32],
      review: 'border',
      q: 'a',
      from: '2026-11-21T23:30:00.001Z',
      to: '2026-11-21T23:30:00.000Z',
    }
    const both = (changes: object) => fits({ ...arrival, areas: [...arrival.areas] }, { ...NO_FILTER, ...changes }, now)
    for (const [name, value] of Object.entries(passing)) expect(both({ [name]: value }), name).toBe(true)
    for (const [name, value] of Object.entries(failing)) {
      const period = name === 'from' || name === 'to' ? { period: '' } : {}
      expect(both({ [name]: value, ...period }), name).toBe(false)
    }
  })
})
