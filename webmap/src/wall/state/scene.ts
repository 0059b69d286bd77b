import { normalScene } from '../scenes/normal.ts'
import { DAY_MS, dayOf, isDay, startOf } from './day.ts'
import {
  type Clock,
  type LinkFilter,
  PANELS,
  type WallFilter,
  type WallPeriod,
  type WallScene,
  type WallView,
} from './types.ts'

/* What the wall shows, as the address of the page and as saved scenes carry it. What cannot be read is left out. */

export const SPEEDS = [1, 10, 60, 120, 300, 600] as const

/** Names of the filter's fields in addresses and in the API. */
const FIELDS = {
  items: 'item',
  channels: 'channel',
  statuses: 'status',
  areas: 'area',
  hours: 'hour',
  weekdays: 'weekday',
} as const

/** The filter's fields that say something, for a query. */
export function queryOf(filter: Partial<WallFilter>): Record<string, string> {
  const query: Record<string, string> = {}
  for (const [field, name] of Object.entries(FIELDS)) {
    const values = filter[field as keyof WallFilter] ?? []
    if (values.length > 0) query[name] = values.join(',')
  }
  return query
}

/** What a page's address says. */
export interface WallAddress {
  /** Of a saved scene. */
  scene: string | null
  shown: WallScene
  clock: Clock
  rotating: boolean
}

export function formatAddress({ scene, shown, clock, rotating }: WallAddress): string {
  const query = new URLSearchParams()
  if (scene) query.set('scene', scene)
  else {
    const { view, layer, level, period, filter, panels } = shown
    if (view) query.set('at', `${view.lon.toFixed(5)},${view.lat.toFixed(5)},${view.zoom}`)
    if (layer !== 'heat') query.set('layer', layer)
    if (level !== 'town') query.set('level', level)
    if (period !== 'today') query.set('period', period)
    for (const [name, value] of Object.entries(queryOf(filter))) query.set(name, value)
    if (panels.length < PANELS.length) query.set('panels', panels.join(',') || 'none')
  }
  if (clock.kind === 'replay') {
    query.set('replay', clock.day)
    query.set('t', `${Math.round((clock.at - startOf(clock.day)) / 1000)}`)
    if (clock.speed !== DEFAULT_SPEED) query.set('speed', `${clock.speed}`)
    if (!clock.playing) query.set('paused', '1')
  }
  if (rotating) query.set('rotate', '1')
  const text = query.toString().replaceAll('%2C', ',')
  return text && `?${text}`
}

export const DEFAULT_SPEED = 120

export function parseAddress(search: string): WallAddress {
  const query = new URLSearchParams(search)
  const shown = normalScene({
    view: viewOf(query.get('at')),
    layer: query.get('layer') ?? undefined,
    level: query.get('level') ?? undefined,
    period: query.get('period') ?? undefined,
    filter: Object.fromEntries(
      Object.entries(FIELDS).map(([field, name]) => {
        const values = query.get(name)?.split(',').filter(Boolean) ?? []
        return [field, name === 'hour' || name === 'weekday' ? values.map(Number) : values]
      }),
    ),
    panels: query.get('panels')?.split(','),
  })
  return {
    scene: query.get('scene'),
    shown,
    clock: clockOf(query),
    rotating: query.get('rotate') === '1',
  }
}

function clockOf(query: URLSearchParams): Clock {
  const day = query.get('replay')
  if (!isDay(day)) return { kind: 'live' }
  const seconds = Number(query.get('t') ?? 0)
  const start = startOf(day)
  const speed = Number(query.get('speed'))
  return {
    kind: 'replay',
    day,
    at: start + (seconds >= 0 && seconds <= 86_400 ? seconds * 1000 : 0),
    speed: SPEEDS.find((each) => each === speed) ?? DEFAULT_SPEED,
    playing: query.get('paused') !== '1',
  }
}

function viewOf(text: string | null): WallView | null {
  const [lon = Number.NaN, lat = Number.NaN, zoom = Number.NaN] = (text ?? '').split(',').map(Number)
  return { lon, lat, zoom: Math.round(zoom * 2) / 2 }
}

/** From when on the map's layer counts. Whole minutes, as the server counts. */
export function periodStart(period: WallPeriod, clock: Clock, now: number): number {
  if (period === 'today') return startOf(clock.kind === 'replay' ? clock.day : dayOf(now))
  const days = { '24h': 1, '7d': 7, '30d': 30 }[period]
  const end = clock.kind === 'replay' ? clock.at : now
  return Math.floor(end / 60_000) * 60_000 - days * DAY_MS
}

/** Address of the list of incidents that a figure counts; see WallData.link. */
export function listAddress(scene: WallScene, clock: Clock, now: number, filter: LinkFilter): string {
  const { from, to, hour, ...more } = filter
  const query = new URLSearchParams(queryOf({ ...scene.filter, ...more, ...(hour !== undefined && { hours: [hour] }) }))
  const start = from ?? startOf(clock.kind === 'replay' ? clock.day : dayOf(now))
  if (start > 0) query.set('from', new Date(start).toISOString())
  const end = to ?? (clock.kind === 'replay' ? clock.at : null)
  if (end !== null) query.set('to', new Date(end).toISOString())
  return `/incidents?${query.toString().replaceAll('%2C', ',')}`
}
