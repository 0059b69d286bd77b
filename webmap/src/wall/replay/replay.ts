import { computed, type Ref, shallowRef, watch } from 'vue'
import { word } from '../../i18n/index.ts'
import { wallApi } from '../state/api.ts'
import { DAY_MS, HOUR_MS, startOf } from '../state/day.ts'
import type { Refresh } from '../state/refresh.ts'
import { queryOf } from '../state/scene.ts'
import type { Clock, Group, RankRow, StreamItem, Today, Unusual, WallFilter } from '../state/types.ts'
import { histogram, Tally } from './tally.ts'

export type ReplayClock = Extract<Clock, { kind: 'replay' }>

/** A replayed incident that is drawn. */
export interface Passed {
  id: string
  lon: number
  lat: number
  item: string
  at: number
}

/** Bars of the scrubber: a quarter of an hour each. */
export const BINS = 96
const STREAM = 50
/** Marks stay on the map for this long of the replayed day. */
const MARKED_MS = HOUR_MS
const MARKS = 120
/** Figures are worked out anew this often while the clock runs: faster nobody can read. */
const FIGURES_MS = 500
/** A frame longer than this was no frame: the page was hidden. */
const LONGEST_FRAME_MS = 1000

interface Day {
  day: string
  today: Tally
  before: Tally
  /** By hour, the whole day. */
  hoursBefore: number[]
  bins: number[]
}

interface Names {
  item(code: string): { zh: string; en: string }
  town(code: string): string
  urgent(item: string): boolean
}

/**
 * A day played again. The clock runs in animation frames; the incidents of the day and of the day before are loaded once, and the figures
 * are those that the wall would have shown at the moment, but for what only later became known.
 */
export function useReplay(
  clock: Ref<Clock>,
  filter: () => WallFilter,
  refresh: Refresh,
  names: Names,
  /** The time of day, to look at failures by. */
  now: Ref<number>,
  /** Incidents that a frame has come to. */
  passed: (incidents: Passed[]) => void,
) {
  const loaded = shallowRef<Day | null>(null)
  /** Counts up when the figures have to be worked out anew. */
  const beat = shallowRef(0)
  const unusual = shallowRef<Unusual[] | null>(null)
  const statistic = shallowRef('')
  /** The moment of the present frame; the clock tells it only as often as figures are worked out. */
  let position = 0
  let frame = 0
  let before = 0
  let published = 0

  const replay = computed(() => (clock.value.kind === 'replay' ? clock.value : null))
  const wanted = computed(() => replay.value && JSON.stringify([replay.value.day, queryOf(filter())]))
  const ready = computed(() => (loaded.value?.day === replay.value?.day ? loaded.value : null))

  watch(
    wanted,
    (key, old) => {
      if (key === old) return
      loaded.value = null
      unusual.value = null
      refresh.remove('day')
      refresh.remove('dayUnusual')
      if (key) load()
    },
    { immediate: true },
  )

  function load() {
    refresh.add('day', {
      fastMs: Number.POSITIVE_INFINITY,
      slowMs: Number.POSITIVE_INFINITY,
      async load(signal) {
        const at = replay.value
        if (!at) return
        const start = startOf(at.day)
        const query = queryOf(filter())
        const [today, yesterday] = await Promise.all([
          wallApi.points(query, start, start + DAY_MS, true, signal),
          wallApi.points(query, start - DAY_MS, start, false, signal),
        ])
        loaded.value = {
          day: at.day,
          today: new Tally(today),
          before: new Tally(yesterday),
          hoursBefore: histogram(yesterday, 24),
          bins: histogram(today, BINS),
        }
        jump(replay.value?.at ?? start)
      },
    })
    refresh.add('dayUnusual', {
      fastMs: 3000,
      slowMs: Number.POSITIVE_INFINITY,
      async load(signal) {
        const { items, channels, areas } = filter()
        if (!replay.value) return
        const answer = await wallApi.unusual(queryOf({ items, channels, areas }), replay.value.at, signal)
        unusual.value = answer.items
        statistic.value = answer.statistic
      },
    })
  }

  watch(
    () => replay.value?.playing ?? false,
    (playing) => {
      cancelAnimationFrame(frame)
      if (!playing) return
      position = replay.value?.at ?? 0
      before = performance.now()
      frame = requestAnimationFrame(run)
    },
    { immediate: true },
  )

  function run(time: number) {
    frame = requestAnimationFrame(run)
    const elapsed = Math.min(LONGEST_FRAME_MS, Math.max(0, time - before))
    before = time
    const now = replay.value
    // A day that is not there yet does not begin without its incidents.
    if (!now || !ready.value) return
    const end = startOf(now.day) + DAY_MS
    position = Math.min(end, position + elapsed * now.speed)
    tell(position)
    if (time - published < FIGURES_MS && position < end) return
    clock.value = { ...now, at: position, playing: position < end }
    publish(time)
  }

  /** Counts up to an instant, and tells what came between. */
  function tell(at: number) {
    const day = ready.value
    if (!day) return
    const [from, to] = day.today.moveTo(at)
    day.before.moveTo(at - DAY_MS)
    if (to > from) passed(pick(day.today, from, to))
  }

  function publish(time: number) {
    published = time
    beat.value++
    refresh.touch('dayUnusual')
  }

  /** Shows another moment of the day; nothing pulses on the way there. */
  function jump(to: number) {
    const now = replay.value
    if (!now) return
    const start = startOf(now.day)
    const at = Math.max(start, Math.min(start + DAY_MS, to))
    position = at
    clock.value = { ...now, at }
    ready.value?.today.moveTo(at)
    ready.value?.before.moveTo(at - DAY_MS)
    publish(performance.now())
  }

  function pick({ columns }: Tally, from: number, to: number): Passed[] {
    return Array.from({ length: to - from }, (_, k) => {
      const i = from + k
      return {
        id: columns.id[i] ?? '',
        lon: (columns.lon[i] as number) / 1e6,
        lat: (columns.lat[i] as number) / 1e6,
        item: columns.items[columns.item[i] as number] ?? '',
        at: columns.start + (columns.at[i] as number) * 1000,
      }
    })
  }

  /** A computed that is worked out anew at each beat while a day is there. */
  const figure = <T>(work: (day: Day, at: ReplayClock) => T) =>
    computed<T | null>(() => {
      void beat.value
      const day = ready.value
      const at = replay.value
      return day && at && work(day, at)
    })

  const today = figure<Today>(({ today, before }) => ({
    count: today.count,
    yesterdaySameHour: before.count,
    whole: { count: today.columns.at.length, before: before.columns.at.length },
    open: null,
    closedToday: null,
    review: null,
  }))
  // The day before is shown whole, as it is beside a live day.
  const hours = figure(({ today, hoursBefore }) => ({ today: [...today.hours], yesterday: hoursBefore }))
  const byItem = figure(({ today, before }) =>
    groups(today.columns.items, today.byItem, before.columns.items, before.byItem, (code) => names.item(code)),
  )
  const byChannel = figure(({ today, before }) =>
    groups(today.columns.channels, today.byChannel, before.columns.channels, before.byChannel, (key) => ({
      zh: word('channel', key, 'zh-CN'),
      en: word('channel', key, 'en'),
    })),
  )
  const ranking = figure<RankRow[]>(({ today, before }) =>
    groups(today.columns.areas, today.byTown, before.columns.areas, before.byTown, (code) => {
      const name = names.town(code)
      return { zh: name, en: name }
    }).map((group) => ({ ...group, code: group.key })),
  )
  const stream = figure<StreamItem[]>(({ today }) => {
    const { columns, count } = today
    return pick(today, Math.max(0, count - STREAM), count)
      .map(({ id, item, at }, k): StreamItem => {
        const town = columns.areas[columns.town[Math.max(0, count - STREAM) + k] as number]
        const { zh, en } = names.item(item)
        return {
          id,
          at,
          title: '',
          itemName: zh,
          itemNameEn: en,
          town: town === undefined ? '' : names.town(town),
          urgent: names.urgent(item),
        }
      })
      .reverse()
  })
  /** What the map marks: the newest of the last hour. */
  const marks = figure<Passed[]>(({ today }, { at }) =>
    pick(today, Math.max(0, today.count - MARKS), today.count).filter((each) => at - each.at < MARKED_MS),
  )

  return {
    failed: computed(() => {
      void now.value
      return refresh.failedSince !== null
    }),
    /** The clock has come to the end of the day. */
    ended: computed(() => replay.value !== null && replay.value.at >= startOf(replay.value.day) + DAY_MS),
    loading: computed(() => replay.value !== null && ready.value === null),
    empty: computed(() => ready.value?.today.columns.at.length === 0),
    bins: computed(() => ready.value?.bins ?? null),
    beat,
    today,
    hours,
    byItem,
    byChannel,
    ranking,
    stream,
    marks,
    unusual,
    statistic,
    jump,
    stop: () => cancelAnimationFrame(frame),
  }
}

/** Groups of two days by key, most first. */
function groups(
  keys: readonly string[],
  counts: readonly number[],
  keysBefore: readonly string[],
  countsBefore: readonly number[],
  nameOf: (key: string) => { zh: string; en: string },
): Group[] {
  const before = new Map(keysBefore.map((key, i) => [key, countsBefore[i] ?? 0]))
  const now = new Map(keys.map((key, i) => [key, counts[i] ?? 0]))
  return [...new Set([...keys, ...keysBefore])]
    .map((key): Group => {
      const { zh, en } = nameOf(key)
      return { key, name: zh, nameEn: en, count: now.get(key) ?? 0, before: before.get(key) ?? 0 }
    })
    .filter(({ count, before }) => count > 0 || before)
    .sort((a, b) => b.count - a.count || (a.key < b.key ? -1 : 1))
}
