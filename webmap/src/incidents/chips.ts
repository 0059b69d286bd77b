import type { Item } from '../api/types.ts'
import { formatDateTime } from '../i18n/format.ts'
import { word as common, lang } from '../i18n/index.ts'
import type { Names } from '../ui/names.ts'
import { t, word } from './text/index.ts'
import { type Filter, NO_FILTER } from './url.ts'

export interface Chip {
  key: string
  text: string
  /** What the filter is without it. */
  without: Partial<Filter>
}

/** "0–2, 7": numbers that follow each other as a range. */
export function ranges(numbers: readonly number[], name: (n: number) => string): string {
  const parts: string[] = []
  for (let i = 0; i < numbers.length; ) {
    let j = i
    while (j + 1 < numbers.length && numbers[j + 1] === (numbers[j] ?? 0) + 1) j++
    const [first, last] = [name(numbers[i] ?? 0), name(numbers[j] ?? 0)]
    parts.push(j === i ? first : `${first}–${last}`)
    i = j + 1
  }
  return parts.join(t('chip.and'))
}

/** Each condition of a filter in words, and how to be rid of it. */
export function chipsOf(filter: Filter, items: ReadonlyMap<string, Item>, names: Names): Chip[] {
  const chips: Chip[] = []
  const add = (key: string, text: string, without: Partial<Filter>) => chips.push({ key, text, without })
  const each = <K extends 'item' | 'channel' | 'status' | 'area'>(field: K, name: (code: string) => string) => {
    for (const code of filter[field]) {
      add(`${field} ${code}`, name(code), { [field]: filter[field].filter((other) => other !== code) })
    }
  }
  const { from, to, period } = filter
  const plain = { from: '', to: '', period: NO_FILTER.period }
  if (from && to) add('time', t('chip.between', { from: formatDateTime(from), to: formatDateTime(to) }), plain)
  else if (from) add('time', t('chip.since', { from: formatDateTime(from) }), plain)
  else if (to) add('time', t('chip.until', { to: formatDateTime(to) }), plain)
  else if (period !== NO_FILTER.period) add('time', word('period', period), plain)
  each('area', (code) => names.nameOf(code) || code)
  each('item', (code) => {
    const item = items.get(code)
    return item ? (lang.value === 'en' ? item.name_en : item.name) : code
  })
  each('status', (code) => common('status', code))
  each('channel', (code) => common('channel', code))
  if (filter.hour.length > 0) {
    add('hour', t('chip.hours', { hours: ranges(filter.hour, (hour) => String(hour)) }), { hour: [] })
  }
  if (filter.weekday.length > 0) {
    add(
      'weekday',
      ranges(filter.weekday, (day) => word('weekday', String(day))),
      { weekday: [] },
    )
  }
  if (filter.review) add('review', word('review', filter.review), { review: '' })
  if (filter.bbox) add('bbox', t('chip.box'), { bbox: null })
  if (filter.q) add('q', t('chip.text', { text: filter.q }), { q: '' })
  return chips
}
