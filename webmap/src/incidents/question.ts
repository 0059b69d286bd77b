import type { Brief } from '../explore/state/incidents.ts'
import { type Filter, startOf } from './url.ts'

/** The server's parameters of a filter; what is open is left out. */
export function questionOf(filter: Filter, now: number) {
  // In whole minutes, as counts are.
  const start = startOf(filter, Math.floor(now / 60_000) * 60_000)
  const list = <T>(values: readonly T[]) => (values.length > 0 ? [...values] : undefined)
  return {
    from: start === null ? undefined : new Date(start).toISOString(),
    to: filter.period === '' && filter.to ? filter.to : undefined,
    hour: list(filter.hour),
    weekday: list(filter.weekday),
    item: list(filter.item),
    channel: list(filter.channel),
    status: list(filter.status),
    area: list(filter.area),
    bbox: filter.bbox ?? undefined,
    review: filter.review || undefined,
    q: filter.q.trim() || undefined,
  }
}

export type Question = ReturnType<typeof questionOf>

/** What an arrival tells of itself. */
export type Arrival = Brief & { channel: string }

/** Whether something that came in would be in the list. A queue of review and a text are the server's to judge: they never fit. */
export function fits(arrival: Arrival, filter: Filter, now: number): boolean {
  if (filter.review || filter.q.trim()) return false
  const at = Date.parse(arrival.reported_at)
  const start = startOf(filter, now)
  if (start !== null && at < start) return false
  if (filter.period === '' && filter.to && at >= Date.parse(filter.to)) return false
  const local = new Date(at + 8 * 3_600_000) // Asia/Shanghai, read as UTC
  const holds = <T>(list: readonly T[], value: T) => list.length === 0 || list.includes(value)
  if (!holds(filter.hour, local.getUTCHours()) || !holds(filter.weekday, local.getUTCDay() || 7)) return false
  if (!holds(filter.item, arrival.item) || !holds(filter.channel, arrival.channel)) return false
  if (!holds(filter.status, arrival.status)) return false
  if (filter.area.length > 0 && !filter.area.some((code) => arrival.areas.includes(code))) return false
  if (!filter.bbox) return true
  const [west, south, east, north] = filter.bbox
  return arrival.lon >= west && arrival.lon <= east && arrival.lat >= south && arrival.lat <= north
}
