import { beforeEach, describe, expect, it, vi } from 'vitest'
import { api } from '../../api/client.ts'
import type { Box, Incident, Item } from '../../api/types.ts'
import { FEED_LIMIT, lookOf, useIncidents } from './incidents.ts'

vi.mock('../../api/client.ts', () => ({ api: { incidents: vi.fn() }, isAbort: () => false }))

const county: Box = [119.5, 31.1, 120.1, 31.6]
const catalogue = new Map(
  [
    { code: 'fire', tier: 'hard', urgency: 'emergency' },
    { code: 'noise', tier: 'enforcement', urgency: 'normal' },
  ].map((item) => [item.code, item as Item]),
)

const incident = (id: number, changes: Partial<Incident> = {}) =>
  ({
    id: `${id}`,
    lon: 119.8,
    lat: 31.3,
    item: 'noise',
    status: 'collected',
    areas: [],
    reported_at: new Date(id * 60_000).toISOString(),
    ...changes,
  }) as unknown as Incident

const answers = vi.mocked(api.incidents)
const settle = () => new Promise((resolve) => setTimeout(resolve))

function started(items: Incident[], next: string | null = null) {
  answers.mockResolvedValue({ items, next })
  const incidents = useIncidents(
    () => catalogue,
    () => county,
  )
  incidents.start()
  return incidents
}

beforeEach(() => answers.mockReset())

describe('useIncidents', () => {
  it('asks for nothing before it is started', async () => {
    const incidents = useIncidents(
      () => catalogue,
      () => county,
    )
    incidents.look([119.7, 31.2, 119.9, 31.4])
    incidents.reload()
    expect(answers).not.toHaveBeenCalled()
    answers.mockResolvedValue({ items: [], next: null })
    incidents.start()
    expect(answers).toHaveBeenCalledTimes(2)
  })

  it('loads a view once while it holds everything in it', async () => {
    const incidents = started([incident(1)])
    incidents.look([119.7, 31.2, 119.9, 31.4])
    await settle()
    incidents.look([119.72, 31.22, 119.88, 31.38])
    expect(answers).toHaveBeenCalledTimes(2)
    incidents.look([119.2, 31.2, 119.4, 31.4])
    expect(answers).toHaveBeenCalledTimes(3)
  })

  it('loads each view where there is more than fits', async () => {
    const incidents = started([incident(1)], 'cursor')
    incidents.look([119.7, 31.2, 119.9, 31.4])
    await settle()
    incidents.look([119.72, 31.22, 119.88, 31.38])
    expect(answers).toHaveBeenCalledTimes(3)
  })

  it('asks for everywhere when the view holds all areas', async () => {
    const incidents = started([])
    incidents.look([119.4, 31, 120.2, 31.7])
    expect(answers.mock.lastCall?.[0]).toBeNull()
  })

  it('takes each live arrival once, newest first, up to the limit of the list', async () => {
    const incidents = started([incident(5), incident(4)])
    await settle()
    expect(incidents.add([incident(5), incident(6), incident(7), incident(6)]).map(({ id }) => id)).toEqual(['6', '7'])
    expect(incidents.feed.value.map(({ id }) => id)).toEqual(['7', '6', '5', '4'])
    incidents.add(Array.from({ length: 50 }, (_, i) => incident(i + 10)))
    expect(incidents.feed.value).toHaveLength(FEED_LIMIT)
    expect(incidents.feed.value[0]?.id).toBe('59')
  })

  it('draws what demands action last and so on top', async () => {
    const incidents = started([
      incident(1, { item: 'fire' }),
      incident(2),
      incident(3, { status: 'closed' }),
      incident(4, { item: 'fire', status: 'closed' }),
    ])
    incidents.look(county)
    await settle()
    expect(incidents.marks.value.map(({ id }) => id)).toEqual(['4', '3', '2', '1'])
    expect(incidents.countInView.value).toBe(4)
  })
})

describe('lookOf', () => {
  it('tells tier by shape, open by filling and emergency by urgency', () => {
    expect(lookOf({ item: 'fire', status: 'signed' }, catalogue)).toEqual({
      shape: 'triangle',
      open: true,
      urgent: true,
    })
    expect(lookOf({ item: 'noise', status: 'closed' }, catalogue)).toEqual({
      shape: 'square',
      open: false,
      urgent: false,
    })
    expect(lookOf({ item: 'unknown', status: 'cancelled' }, catalogue)).toEqual({
      shape: 'circle',
      open: false,
      urgent: false,
    })
  })
})
