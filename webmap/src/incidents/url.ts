import type { Box } from '../api/types.ts'

/** Spans of time that end now; "all" has no beginning. */
export const PERIODS = ['today', '24h', '7d', '30d', 'all'] as const
export type Period = (typeof PERIODS)[number]
export const CHANNELS = [
  'resident',
  'worker',
  'courier',
  'hotline_12345',
  'platform_1_4',
  'enterprise_line',
  'import',
] as const
export const STATUSES = [
  'collected',
  'analysed',
  'dispatched',
  'signed',
  'fed_back',
  'evaluated',
  'closed',
  'cancelled',
] as const
export const REVIEWS = ['outside', 'border'] as const
export const SORTED = ['reported_at', 'item', 'channel', 'status', 'closed_at'] as const
export type SortedBy = (typeof SORTED)[number]
export type Sort = SortedBy | `-${SortedBy}`

/** What is looked for, as the address and the API name it. '' and an empty list are no condition. */
export interface Filter {
  /** '' where from and to hold. */
  period: Period | ''
  /** Instants, ISO 8601 in UTC. */
  from: string
  to: string
  /** 0–23 and 1 (Monday) – 7, in Asia/Shanghai. */
  hour: readonly number[]
  weekday: readonly number[]
  item: readonly string[]
  channel: readonly (typeof CHANNELS)[number][]
  status: readonly (typeof STATUSES)[number][]
  area: readonly string[]
  bbox: Box | null
  review: (typeof REVIEWS)[number] | ''
  q: string
}

/** All that a link to this page can carry. */
export interface Address extends Filter {
  sort: Sort
  /** Of the incident that is open. */
  id: string
  /** What a narrow screen shows. */
  view: 'list' | 'map'
}

export const NO_FILTER: Filter = {
  period: '7d',
  from: '',
  to: '',
  hour: [],
  weekday: [],
  item: [],
  channel: [],
  status: [],
  area: [],
  bbox: null,
  review: '',
  q: '',
}

export const NEWEST: Sort = '-reported_at'
const LONGEST_TEXT = 100
const MOST_CODES = 100
const DAY_MS = 86_400_000
/** Asia/Shanghai has had this offset since 1991. */
const SHANGHAI_MS = 8 * 3_600_000

/**
 * ?period=30d&item=noise,fire_hazard&area=320282001&sort=-status&id=…  What cannot be read is left out, and named in dropped as it stood there.
 */
export function parseAddress(search: string): { address: Address; dropped: string[] } {
  const query = new URLSearchParams(search)
  const dropped: string[] = []
  const drop = (name: string, value: string) => {
    dropped.push(`${name}=${value}`)
  }

  function one<T extends string>(name: string, known: readonly T[]): T | '' {
    const value = query.get(name) ?? ''
    const found = known.find((each) => each === value)
    if (value && !found) drop(name, value)
    return found ?? ''
  }
  function many(name: string, fits: (value: string) => boolean): string[] {
    const values = [...new Set((query.get(name) ?? '').split(',').filter((value) => value !== ''))]
    for (const value of values) if (!fits(value)) drop(name, value)
    return values.filter(fits).slice(0, MOST_CODES)
  }
  function known<T extends string>(name: string, words: readonly T[]): T[] {
    const asked = many(name, (value) => words.some((each) => each === value))
    return words.filter((each) => asked.includes(each))
  }
  const numbers = (name: string, least: number, most: number) =>
    many(name, (value) => /^\d{1,2}$/.test(value) && Number(value) >= least && Number(value) <= most)
      .map(Number)
      .sort((a, b) => a - b)
  const code = (value: string) => /^[\w.-]{1,40}$/.test(value)
  function instant(name: string): string {
    const value = query.get(name) ?? ''
    if (!value) return ''
    const at = Date.parse(value)
    if (/^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(at)) return new Date(at).toISOString()
    drop(name, value)
    return ''
  }

  let from = instant('from')
  let to = instant('to')
  if (from && to && from >= to) {
    drop('to', query.get('to') ?? '')
    from = ''
    to = ''
  }
  const period = one('period', PERIODS)
  const sort = one(
    'sort',
    SORTED.flatMap((by): Sort[] => [by, `-${by}`]),
  )
  const text = query.get('q') ?? ''
  if (text.length > LONGEST_TEXT) drop('q', text)
  const id = query.get('id') ?? ''
  if (id.length > 64) drop('id', id)
  const view = one('view', ['list', 'map'])
  return {
    dropped,
    address: {
      period: from || to ? '' : period || NO_FILTER.period,
      from,
      to,
      hour: numbers('hour', 0, 23),
      weekday: numbers('weekday', 1, 7),
      item: many('item', code),
      channel: known('channel', CHANNELS),
      status: known('status', STATUSES),
      area: many('area', code),
      bbox: boxOf(query.get('bbox') ?? '', (value) => drop('bbox', value)),
      review: one('review', REVIEWS),
      q: text.length > LONGEST_TEXT ? '' : text,
      sort: sort || NEWEST,
      id: id.length > 64 ? '' : id,
      view: view || 'list',
    },
  }
}

function boxOf(text: string, drop: (value: string) => void): Box | null {
  if (!text) return null
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
  const [west = Number.NaN, south = Number.NaN, east = Number.NaN, north = Number.NaN] = values
  const on = west >= -180 && east <= 180 && south >= -90 && north <= 90
  if (values.length === 4 && on && west < east && south < north) return [west, south, east, north]
  drop(text)
  return null
}

/** The fields of a filter as they stand in a query, without what is as it is at first. */
function fieldsOf(filter: Filter): [string, string][] {
  const { period, from, to, hour, weekday, item, channel, status, area, bbox, review, q } = filter
  const fields: Record<string, string> = {
    period: from || to || period === NO_FILTER.period ? '' : period,
    from,
    to,
    hour: hour.join(),
    weekday: weekday.join(),
    item: item.join(),
    channel: channel.join(),
    status: status.join(),
    area: area.join(),
    bbox: bbox?.join() ?? '',
    review,
    q,
  }
  return Object.entries(fields).filter(([, value]) => value !== '')
}

export function formatAddress({ sort, id, view, ...filter }: Address): string {
  const query = new URLSearchParams(fieldsOf(filter))
  if (sort !== NEWEST) query.set('sort', sort)
  if (id) query.set('id', id)
  if (view === 'map') query.set('view', view)
  const text = query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')
  return text && `?${text}`
}

/** Whether a filter is the one that a page without any shows. */
export const isPlain = (filter: Filter) => fieldsOf(filter).length === 0

/** When the span of a filter begins, in ms; null without a beginning. */
export function startOf({ period, from }: Filter, now: number): number | null {
  switch (period) {
    case 'today':
      return Math.floor((now + SHANGHAI_MS) / DAY_MS) * DAY_MS - SHANGHAI_MS
    case '24h':
      return now - DAY_MS
    case '7d':
      return now - 7 * DAY_MS
    case '30d':
      return now - 30 * DAY_MS
    case 'all':
      return null
    default:
      return from ? Date.parse(from) : null
  }
}
