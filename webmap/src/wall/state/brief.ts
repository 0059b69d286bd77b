import type { Incident } from '../../api/types.ts'
import { DAY_MS, dayOf, hourOf, startOf } from './day.ts'
import type { WallFilter } from './types.ts'

/** What the wall shows of an incident: the same in a live event and in an answer of the API. */
export type Brief = Pick<
  Incident,
  | 'id'
  | 'lon'
  | 'lat'
  | 'item'
  | 'item_name'
  | 'item_name_en'
  | 'channel'
  | 'title'
  | 'status'
  | 'areas'
  | 'reported_at'
>

export const newestFirst = (a: Brief, b: Brief) => Date.parse(b.reported_at) - Date.parse(a.reported_at)

/** 1 (Monday) – 7 in Asia/Shanghai: 1970-01-05 was a Monday. */
export const weekdayOf = (at: number) => (Math.floor((startOf(dayOf(at)) - startOf('1970-01-05')) / DAY_MS) % 7) + 1

/** Whether an incident counts in a filter, as the server says. */
export function passes(brief: Brief, { items, channels, statuses, areas, hours, weekdays }: WallFilter): boolean {
  const at = Date.parse(brief.reported_at)
  const open = <T>(list: readonly T[], test: (value: T) => boolean) => list.length === 0 || list.some(test)
  return (
    open(items, (item) => item === brief.item) &&
    open(channels, (channel) => channel === brief.channel) &&
    open(statuses, (status) => status === brief.status) &&
    open(areas, (area) => brief.areas.includes(area)) &&
    open(hours, (hour) => hour === hourOf(at)) &&
    open(weekdays, (weekday) => weekday === weekdayOf(at))
  )
}
