import { computed, type Ref, shallowReactive, shallowRef } from 'vue'
import { may } from '../../session/session.ts'
import { type CountQuery, type Filling, type GroupedBy, wallApi } from './api.ts'
import { type Brief, newestFirst } from './brief.ts'
import { DAY_MS, dayBefore, dayOf, startOf } from './day.ts'
import type { Refresh } from './refresh.ts'
import { queryOf } from './scene.ts'
import type { Group, RankRow, Today, Unusual, WallFilter } from './types.ts'

/** Incidents kept of those that came while the page was open; the stream shows the newest of them. */
const KEPT = 120
const OPEN = ['collected', 'analysed', 'dispatched', 'signed', 'fed_back', 'evaluated']
const BY = { items: 'item', channels: 'channel', towns: 'town' } as const

/** What was loaded of the day; null is not there yet. */
interface Parts {
  status: Group[] | null
  yesterday: number | null
  open: number | null
  review: number | null
  hoursToday: number[] | null
  hoursYesterday: number[] | null
  items: Group[] | null
  channels: Group[] | null
  towns: Group[] | null
  itemsBefore: ReadonlyMap<string, number> | null
  channelsBefore: ReadonlyMap<string, number> | null
  townsBefore: ReadonlyMap<string, number> | null
}

/** The figures of the day that is under way: loaded, renewed when something happens, and on a slow timer. */
export function useLive(refresh: Refresh, filter: () => WallFilter) {
  const parts = shallowReactive<Parts>({
    status: null,
    yesterday: null,
    open: null,
    review: null,
    hoursToday: null,
    hoursYesterday: null,
    items: null,
    channels: null,
    towns: null,
    itemsBefore: null,
    channelsBefore: null,
    townsBefore: null,
  })
  const unusual = shallowRef<Unusual[] | null>(null)
  const statistic = shallowRef('')
  const filling: Ref<Filling> = shallowRef(null)
  /** Newest first. */
  const newest = shallowRef<Brief[]>([])

  const midnight = () => startOf(dayOf(Date.now()))
  const iso = (at: number) => new Date(at).toISOString()
  const query = (from: number, to?: number): CountQuery => ({
    ...queryOf(filter()),
    from: iso(from),
    ...(to !== undefined && { to: iso(to) }),
  })
  const yesterday = () => {
    const start = startOf(dayBefore(dayOf(Date.now())))
    return query(start, Math.max(start + 1000, Date.now() - DAY_MS))
  }
  const openStatuses = () => {
    const { statuses } = filter()
    return statuses.length === 0 ? OPEN : statuses.filter((status) => OPEN.includes(status))
  }

  refresh.add('today', {
    fastMs: 2000,
    slowMs: 60_000,
    async load(signal) {
      const counts = await wallApi.counts(query(midnight()), 'status', signal)
      parts.status = counts.groups
      filling.value = counts.filling
      // While the server still reads its past in, all counts grow.
      if (counts.filling) refresh.touch()
    },
  })
  for (const [name, by] of Object.entries(BY) as [keyof typeof BY, GroupedBy][]) {
    refresh.add(name, {
      fastMs: 4000,
      slowMs: 60_000,
      load: async (signal) => {
        parts[name] = (await wallApi.counts(query(midnight()), by, signal)).groups
      },
    })
    refresh.add(`${name}Before`, {
      fastMs: 60_000,
      slowMs: 60_000,
      load: async (signal) => {
        const { groups } = await wallApi.counts(yesterday(), by, signal)
        parts[`${name}Before`] = new Map(groups.map(({ key, count }) => [key, count]))
      },
    })
  }
  refresh.add('hours', {
    fastMs: 5000,
    slowMs: 60_000,
    load: async (signal) => {
      const start = midnight()
      parts.hoursToday = await wallApi.series(query(start, Math.max(start + 1000, Date.now())), signal)
    },
  })
  refresh.add('yesterday', {
    fastMs: 60_000,
    slowMs: 60_000,
    async load(signal) {
      const start = startOf(dayBefore(dayOf(Date.now())))
      const [sameHour, hours] = await Promise.all([
        wallApi.counts(yesterday(), 'total', signal),
        wallApi.series(query(start, start + DAY_MS), signal),
      ])
      parts.yesterday = sameHour.total
      parts.hoursYesterday = hours
    },
  })
  refresh.add('open', {
    fastMs: 10_000,
    slowMs: 60_000,
    async load(signal) {
      const status = openStatuses()
      const all = { ...queryOf(filter()), status: status.join(',') }
      parts.open = status.length === 0 ? 0 : (await wallApi.counts(all, 'total', signal)).total
    },
  })
  refresh.add('unusual', {
    fastMs: 30_000,
    slowMs: 60_000,
    async load(signal) {
      const { items, channels, areas } = filter()
      const answer = await wallApi.unusual(queryOf({ items, channels, areas }), Date.now(), signal)
      unusual.value = answer.items
      statistic.value = answer.statistic
    },
  })
  refresh.add('newest', {
    fastMs: 60_000,
    slowMs: 120_000,
    async load(signal) {
      newest.value = await wallApi.newest(queryOf(filter()), KEPT, signal)
    },
  })
  if (may('incident.triage')) {
    refresh.add('review', {
      fastMs: 10_000,
      slowMs: 60_000,
      load: async (signal) => {
        parts.review = await wallApi.review(signal)
      },
    })
  }

  /** Takes live arrivals; returns those that were not known. */
  function take(briefs: readonly Brief[]): Brief[] {
    const known = new Set(newest.value.map(({ id }) => id))
    const fresh = briefs.filter(({ id }) => !known.has(id) && known.add(id))
    if (fresh.length > 0) newest.value = [...fresh, ...newest.value].sort(newestFirst).slice(0, KEPT)
    return fresh
  }

  const today = computed<Today | null>(() => {
    const { status, yesterday, open, review } = parts
    if (!status || yesterday === null) return null
    const sum = (groups: Group[]) => groups.reduce((total, { count }) => total + count, 0)
    return {
      count: sum(status),
      yesterdaySameHour: yesterday,
      whole: null,
      open,
      closedToday: sum(status.filter(({ key }) => key === 'closed')),
      review,
    }
  })
  const hours = computed(() => {
    const { hoursToday, hoursYesterday } = parts
    return hoursToday && hoursYesterday && { today: whole(hoursToday), yesterday: whole(hoursYesterday) }
  })
  const byItem = computed(() => joined(parts.items, parts.itemsBefore))
  const byChannel = computed(() => joined(parts.channels, parts.channelsBefore))
  const ranking = computed<RankRow[] | null>(
    () => joined(parts.towns, parts.townsBefore)?.map((group) => ({ ...group, code: group.key })) ?? null,
  )

  return { today, hours, byItem, byChannel, ranking, unusual, statistic, filling, newest, take }
}

/** 24 hours. */
const whole = (hours: readonly number[]) => Array.from({ length: 24 }, (_, hour) => hours[hour] ?? 0)

/** Groups with their counts of the day before, those that count nothing left out. */
function joined(groups: Group[] | null, before: ReadonlyMap<string, number> | null): Group[] | null {
  if (!groups) return null
  return groups
    .filter(({ key, count }) => count > 0 || (before?.get(key) ?? 0) > 0)
    .map((group) => (before ? { ...group, before: before.get(group.key) ?? 0 } : group))
}
