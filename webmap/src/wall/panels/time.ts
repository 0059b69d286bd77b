import { lang } from '../../i18n/index.ts'

/* Times on the wall are those of the place, whatever zone the screen's computer is set to. */

const ZONE = 'Asia/Shanghai'
/** China has had no summer time since 1991. */
const OFFSET_MS = 8 * 3_600_000
const DAY_MS = 86_400_000

const kept = new Map<string, Intl.DateTimeFormat>()

function write(ms: number, name: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${lang.value} ${name}`
  let format = kept.get(key)
  if (!format) {
    format = new Intl.DateTimeFormat(lang.value, { timeZone: ZONE, hourCycle: 'h23', ...options })
    kept.set(key, format)
  }
  return format.format(ms)
}

/** 08:05 */
export const clockText = (ms: number) => write(ms, 'clock', { hour: '2-digit', minute: '2-digit' })
/** 08:05:09 */
export const secondText = (ms: number) => write(ms, 'second', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
/** 2026年11月22日, November 22, 2026 */
export const dateText = (ms: number) => write(ms, 'date', { dateStyle: 'long' })
export const weekdayText = (ms: number) => write(ms, 'weekday', { weekday: 'long' })

/** Name of a day of the week, 1 Monday to 7 Sunday. The first days of 2024 were such a week. */
export const shortWeekday = (day: number) => write(Date.UTC(2024, 0, day), 'short', { weekday: 'short' })

/** Clock time on the day of `now`, the day as well before it. */
export function momentText(ms: number, now: number): string {
  if (dayStart(ms) === dayStart(now)) return clockText(ms)
  return write(ms, 'day', { month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit' })
}

/** Midnight before an instant, in milliseconds since 1970. */
export function dayStart(ms: number): number {
  return Math.floor((ms + OFFSET_MS) / DAY_MS) * DAY_MS - OFFSET_MS
}

/** 0–23 */
export function hourOf(ms: number): number {
  return Math.floor((ms - dayStart(ms)) / 3_600_000)
}
