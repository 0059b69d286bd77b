import { HOUR_MS } from '../state/day.ts'

/** The incidents of a range of time in columns, the oldest first; the n-th value of each column is the n-th incident's. */
export interface Columns {
  /** Milliseconds since 1970. */
  start: number
  /** Seconds since start, never falling. */
  at: readonly number[]
  /** Millionths of a degree. */
  lon: readonly number[]
  lat: readonly number[]
  /** Places in items, channels and areas; -1 is no town. */
  item: readonly number[]
  channel: readonly number[]
  town: readonly number[]
  items: readonly string[]
  channels: readonly string[]
  /** Codes of towns. */
  areas: readonly string[]
  /** Empty where ids were not asked for. */
  id: readonly string[]
}

/** Counts of the incidents of some columns up to an instant. Going on costs what has come since; going back counts from the start. */
export class Tally {
  /** How many are counted: the next one's place. */
  count = 0
  readonly hours = new Array<number>(24).fill(0)
  readonly byItem: number[]
  readonly byChannel: number[]
  readonly byTown: number[]

  constructor(readonly columns: Columns) {
    this.byItem = columns.items.map(() => 0)
    this.byChannel = columns.channels.map(() => 0)
    this.byTown = columns.areas.map(() => 0)
  }

  /** Counts those reported before an instant; returns the places of those that came to it: from, to − 1. */
  moveTo(instant: number): [from: number, to: number] {
    const { columns } = this
    const seconds = (instant - columns.start) / 1000
    const last = this.count - 1
    if (last >= 0 && (columns.at[last] as number) >= seconds) this.reset()
    const from = this.count
    while (this.count < columns.at.length && (columns.at[this.count] as number) < seconds) this.add(this.count++)
    return [from, this.count]
  }

  private reset() {
    this.count = 0
    for (const counts of [this.hours, this.byItem, this.byChannel, this.byTown]) counts.fill(0)
  }

  private add(i: number) {
    const { columns, hours, byItem, byChannel, byTown } = this
    up(hours, Math.min(23, Math.floor(((columns.at[i] as number) * 1000) / HOUR_MS)))
    up(byItem, columns.item[i] as number)
    up(byChannel, columns.channel[i] as number)
    const town = columns.town[i] as number
    if (town >= 0) up(byTown, town)
  }
}

function up(counts: number[], at: number) {
  counts[at] = (counts[at] ?? 0) + 1
}

/** How many of the columns' incidents were reported in each of `bins` equal parts of a day. */
export function histogram({ at }: Columns, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0)
  for (const seconds of at) up(counts, Math.min(bins - 1, Math.floor((seconds / 86_400) * bins)))
  return counts
}
