import type { Question } from './types.ts'

/** Spans of time that end now. */
export const PERIODS = ['today', '7', '30'] as const
export type Period = (typeof PERIODS)[number]

/** What the auditor looks for, as it stands in the address. '' is no condition. */
export interface Filter {
  /** '' where from and to hold. */
  period: Period | ''
  /** "2026-12-31T08:30" in the browser's time zone. */
  from: string
  to: string
  login: string
  action: string
  object: string
  area: string
  outcome: 'done' | 'refused' | ''
  q: string
}

export const NO_FILTER: Filter = {
  period: '30',
  from: '',
  to: '',
  login: '',
  action: '',
  object: '',
  area: '',
  outcome: '',
  q: '',
}

/** The longest that the server takes. */
const LONGEST = { login: 64, action: 64, object: 200, area: 32, q: 100 } as const
const LOCAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/

/** ?period=7&login=…  or ?from=2026-11-01T00:00&to=…  What cannot be read is left out. */
export function parseFilter(search: string): Filter {
  const query = new URLSearchParams(search)
  const text = (name: keyof typeof LONGEST) => (query.get(name) ?? '').slice(0, LONGEST[name])
  const time = (name: string) => (LOCAL_TIME.test(query.get(name) ?? '') ? (query.get(name) ?? '') : '')
  const from = time('from')
  const to = time('to')
  const period = PERIODS.find((each) => each === query.get('period')) ?? NO_FILTER.period
  const outcome = query.get('outcome') ?? ''
  return {
    period: from || to ? '' : period,
    from,
    to,
    login: text('login'),
    action: text('action'),
    object: text('object'),
    area: text('area'),
    outcome: outcome === 'done' || outcome === 'refused' ? outcome : '',
    q: text('q'),
  }
}

/** The address of a filter, without what is as it is at first. */
export function formatFilter(filter: Filter): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(filter)) {
    if (value && value !== NO_FILTER[name as keyof Filter]) query.set(name, value)
  }
  const text = query.toString()
  return text && `?${text}`
}

/** The server's parameters of a filter. */
export function questionOf({ period, from, to, ...rest }: Filter, now: Date): Question {
  const start = period ? startOf(period, now) : from ? new Date(from) : new Date(0)
  const question: Question = { from: start.toISOString() }
  if (!period && to) question.to = new Date(to).toISOString()
  const filled = Object.entries(rest).flatMap(([name, value]) => (value.trim() ? [[name, value.trim()]] : []))
  return { ...question, ...Object.fromEntries(filled) }
}

/** Midnight of today, or of as many days ago that the span has that many whole and begun days. */
function startOf(period: Period, now: Date): Date {
  const days = period === 'today' ? 1 : Number(period)
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - days + 1)
}
