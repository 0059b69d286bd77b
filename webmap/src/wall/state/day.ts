/*
 * Days and hours of the wall are those of Asia/Shanghai, whatever zone the machine is set to: UTC+8, without summer time since 1991. Instants
 * are milliseconds since 1970, days YYYY-MM-DD.
 */
export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
const OFFSET_MS = 8 * HOUR_MS

export const dayOf = (at: number): string => new Date(at + OFFSET_MS).toISOString().slice(0, 10)

export const startOf = (day: string): number => Date.parse(`${day}T00:00:00+08:00`)

/** 0–23. */
export const hourOf = (at: number): number => new Date(at + OFFSET_MS).getUTCHours()

export const dayBefore = (day: string, days = 1): string => dayOf(startOf(day) - days * DAY_MS)

export function isDay(text: string | null): text is string {
  if (text === null || !/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const start = startOf(text)
  return Number.isFinite(start) && dayOf(start) === text
}

/** HH:MM:SS. */
export const clockOf = (at: number): string => new Date(at + OFFSET_MS).toISOString().slice(11, 19)
