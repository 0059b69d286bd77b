import { lang } from './index.ts'

const kept = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>()

function keep<T extends Intl.NumberFormat | Intl.DateTimeFormat>(key: string, make: (locale: string) => T): T {
  const full = `${lang.value} ${key}`
  const format = (kept.get(full) as T | undefined) ?? make(lang.value)
  kept.set(full, format)
  return format
}

export function formatCount(count: number): string {
  return keep('count', (l) => new Intl.NumberFormat(l)).format(count)
}

/** A share of 1 in whole per cent. */
export function formatPercent(share: number): string {
  return keep('percent', (l) => new Intl.NumberFormat(l, { style: 'percent', maximumFractionDigits: 0 })).format(share)
}

/** A mean of counts, to a tenth. */
export function formatMean(mean: number): string {
  return keep('mean', (l) => new Intl.NumberFormat(l, { maximumFractionDigits: 1 })).format(mean)
}

/** A distance in metres: 350 m, 1.2 km. */
export function formatDistance(metres: number): string {
  if (metres < 1000) {
    const digits = metres < 10 ? 1 : 0
    return keep(`m${digits}`, (l) => {
      return new Intl.NumberFormat(l, { style: 'unit', unit: 'meter', maximumFractionDigits: digits })
    }).format(metres)
  }
  return keep('km', (l) => {
    return new Intl.NumberFormat(l, { style: 'unit', unit: 'kilometer', maximumSignificantDigits: 3 })
  }).format(metres / 1000)
}

/** A length of time in whole seconds, or minutes from two minutes on. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  const unit = seconds < 120 ? 'second' : 'minute'
  return keep(unit, (l) => new Intl.NumberFormat(l, { style: 'unit', unit, unitDisplay: 'long' })).format(
    unit === 'second' ? seconds : Math.floor(seconds / 60),
  )
}

/** How long something waits: minutes up to two hours, hours up to two days, then days. */
export function formatAge(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000))
  const [count, unit] =
    minutes < 120
      ? [minutes, 'minute']
      : minutes < 48 * 60
        ? [Math.floor(minutes / 60), 'hour']
        : [Math.floor(minutes / 1440), 'day']
  return keep(`age ${unit}`, (l) => new Intl.NumberFormat(l, { style: 'unit', unit, unitDisplay: 'long' })).format(
    count,
  )
}

export function formatDate(time: string): string {
  return keep('date', (l) => new Intl.DateTimeFormat(l, { dateStyle: 'long' })).format(new Date(time))
}

export function formatDateTime(time: string): string {
  return keep(
    'datetime',
    (l) => new Intl.DateTimeFormat(l, { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' }),
  ).format(new Date(time))
}

/** As exact as a log is read: to the second. */
export function formatSecond(time: string): string {
  return keep(
    'logged',
    (l) => new Intl.DateTimeFormat(l, { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' }),
  ).format(new Date(time))
}

/** All that is known of an instant: to the millisecond, with the time zone. */
export function formatInstant(time: string): string {
  const at = new Date(time)
  const clock = keep('clock3', (l) => {
    return new Intl.DateTimeFormat(l, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      fractionalSecondDigits: 3,
      hourCycle: 'h23',
    })
  })
  // Chinese would have the zone between the date and the time.
  const zone = keep('zone', (l) => new Intl.DateTimeFormat(l, { timeZoneName: 'longOffset' }))
  const offset = zone.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  return `${formatDate(time)} ${clock.format(at)} ${offset}`
}

/** Clock time today, day and clock time within this year, the whole date before. */
export function formatMoment(time: string, now: Date): string {
  const at = new Date(time)
  const clock: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  if (at.toDateString() === now.toDateString())
    return keep('clock', (l) => new Intl.DateTimeFormat(l, clock)).format(at)
  if (at.getFullYear() === now.getFullYear()) {
    return keep('day', (l) => new Intl.DateTimeFormat(l, { month: '2-digit', day: '2-digit', ...clock })).format(at)
  }
  return keep('year', (l) => new Intl.DateTimeFormat(l, { dateStyle: 'short' })).format(at)
}

/** Degrees with six decimals, about 0.1 m. */
export function formatPair([lon, lat]: readonly [number, number]): string {
  return `${lon.toFixed(6)}, ${lat.toFixed(6)}`
}
