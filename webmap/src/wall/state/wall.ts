import { computed, onBeforeUnmount, ref, shallowRef, watch } from 'vue'
import { api } from '../../api/client.ts'
import type { Item } from '../../api/types.ts'
import { followLive, type LiveEvent } from '../../live/live.ts'
import { isStale } from '../../live/machine.ts'
import { loadSession, rights } from '../../session/session.ts'
import { useClock } from '../../ui/clock.ts'
import { type Passed, useReplay } from '../replay/replay.ts'
import { wallApi } from './api.ts'
import { type Brief, passes } from './brief.ts'
import { dayOf } from './day.ts'
import { useLive } from './live.ts'
import { Refresh } from './refresh.ts'
import { listAddress, queryOf } from './scene.ts'
import type { Clock, StreamItem, WallData, WallScene } from './types.ts'

const STREAM = 50
/** Arrivals stay marked on the map for this long. */
const MARKED_MS = 3_600_000
const NOT_LOADED_STALE_MS = 10_000
/** Arrivals are shown at once, those of a rush together this often: twenty a second would move the stream in every frame. */
const ARRIVALS_MS = 400
/** Events that change a figure. */
const COUNTING = /^incident\./

export interface Arrival {
  id: string
  lon: number
  lat: number
  urgent: boolean
}

interface Stage {
  scene: WallScene
  clock: Clock
  /** What has just happened, for the map to show once. */
  arrived(arrivals: Arrival[]): void
  /** Counts of the map may have changed. */
  counted(): void
  areasChanged(): void
  scenesChanged(): void
  select(id: string): void
  flyTo(code: string): void
  /** Since when parts of the map could not be renewed. */
  failedSince(): number | null
}

/** All that the wall shows but its map: loaded, followed, and replayed. */
export function useWallData(stage: Stage) {
  const time = useClock()
  const scene = shallowRef(stage.scene)
  const clock = shallowRef<Clock>(stage.clock)
  const downSince = ref<number | null>(Date.now())
  const failedSince = ref<number | null>(null)
  /** When the session ends by itself; null where that is not soon. */
  const endsAt = ref<number | null>(null)
  const items = shallowRef<ReadonlyMap<string, Item>>(new Map())
  const towns = shallowRef<ReadonlyMap<string, string>>(new Map())
  const refresh = new Refresh()
  /** For what is replayed; the figures of the present rest meanwhile. */
  const replayRefresh = new Refresh()
  /** For what both need. */
  const words = new Refresh()
  const filter = () => scene.value.filter
  const isUrgent = (item: string) => items.value.get(item)?.urgency === 'emergency'
  const townOf = (areas: readonly string[]) => areas.map((code) => towns.value.get(code)).find(Boolean) ?? ''

  words.add('items', {
    fastMs: 60_000,
    slowMs: 3_600_000,
    load: async () => {
      items.value = new Map((await api.items()).map((item) => [item.code, item]))
    },
  })
  words.add('towns', {
    fastMs: 5000,
    slowMs: 3_600_000,
    load: async (signal) => {
      towns.value = new Map((await wallApi.towns(signal)).map(({ code, name }) => [code, name]))
    },
  })

  const live = useLive(refresh, filter)
  const replay = useReplay(
    clock,
    filter,
    replayRefresh,
    {
      item: (code) => {
        const item = items.value.get(code)
        return { zh: item?.name ?? code, en: item?.name_en ?? code }
      },
      town: (code) => towns.value.get(code) ?? code,
      urgent: isUrgent,
    },
    time,
    (passed) => stage.arrived(passed.map(arrivalOf)),
  )
  const arrivalOf = ({ id, lon, lat, item }: Passed | Brief): Arrival => ({ id, lon, lat, urgent: isUrgent(item) })
  const isLive = computed(() => clock.value.kind === 'live')

  watch(isLive, (now) => (now ? refresh.resume() : refresh.pause()), { immediate: true })
  watch(
    () => JSON.stringify(queryOf(filter())),
    () => isLive.value && refresh.restart(),
  )
  // A new day begins with figures of its own at once.
  watch(
    () => dayOf(time.value),
    () => isLive.value && refresh.restart(),
  )
  watch(rights, (now, before) => {
    if (before === null || now === before) return
    if (isLive.value) refresh.restart()
    stage.counted()
  })
  watch(time, () => {
    const since = [refresh, replayRefresh, words, { failedSince: stage.failedSince() }].flatMap(
      ({ failedSince }) => failedSince ?? [],
    )
    failedSince.value = since.length > 0 ? Math.min(...since) : null
  })

  function hear(events: LiveEvent[]) {
    const created: Brief[] = []
    let counted = false
    for (const { name, data } of events) {
      if (name === 'incident.created') created.push(data as Brief)
      if (COUNTING.test(name)) counted = true
      if (name === 'incident.imported' || name === 'incident.moved') refresh.touch('newest')
      if (name === 'edition.published') {
        words.touch()
        stage.areasChanged()
      }
      if (name === 'scene.changed') stage.scenesChanged()
    }
    // In replay the present goes on unseen, and is asked anew on the way back.
    if (!counted || !isLive.value) return
    refresh.touch()
    stage.counted()
    waiting.push(...created.filter((brief) => passes(brief, filter())))
    if (waiting.length > 0) showTimer ||= window.setTimeout(showArrivals, shownAt + ARRIVALS_MS - Date.now())
  }

  /** Arrivals that are not shown yet. */
  let waiting: Brief[] = []
  let showTimer = 0
  let shownAt = 0
  function showArrivals() {
    showTimer = 0
    shownAt = Date.now()
    const fresh = live.take(waiting)
    waiting = []
    if (isLive.value && fresh.length > 0) stage.arrived(fresh.map(arrivalOf))
  }

  function reloadAll() {
    void loadSession().catch(() => {})
    words.touch()
    if (!isLive.value) return
    refresh.restart()
    stage.counted()
  }

  const unfollow = followLive(
    {
      onEvents: hear,
      onReload: reloadAll,
      onStatus(since) {
        const wasDown = downSince.value !== null
        downSince.value = since
        if (since !== null || !wasDown) return
        // The session may have ended while the stream was away, and nobody said so.
        void loadSession().catch(() => {})
        if (isLive.value) refresh.restart()
      },
      onEnds(at) {
        endsAt.value = at
      },
    },
    { wall: true },
  )

  const streamOf = (brief: Brief): StreamItem => ({
    id: brief.id,
    at: Date.parse(brief.reported_at),
    title: brief.title,
    itemName: brief.item_name,
    itemNameEn: brief.item_name_en,
    town: townOf(brief.areas),
    urgent: isUrgent(brief.item),
  })
  const newest = computed(() => live.newest.value.slice(0, STREAM).map(streamOf))
  const marks = computed<(Arrival & { at: number })[]>(() =>
    isLive.value
      ? live.newest.value
          .map((brief) => ({ ...arrivalOf(brief), at: Date.parse(brief.reported_at) }))
          .filter(({ at }) => time.value - at < MARKED_MS)
          .reverse()
      : (replay.marks.value ?? []).map((passed) => ({ ...arrivalOf(passed), at: passed.at })),
  )

  const stale = computed(() => {
    const since: number[] = []
    if (isStale(downSince.value, time.value) && downSince.value !== null) since.push(downSince.value)
    if (failedSince.value !== null && time.value - failedSince.value > NOT_LOADED_STALE_MS)
      since.push(failedSince.value)
    return since.length > 0 ? { since: Math.min(...since) } : null
  })

  onBeforeUnmount(() => {
    unfollow()
    clearTimeout(showTimer)
    replay.stop()
    for (const each of [refresh, replayRefresh, words]) each.stop()
  })

  const data: WallData = {
    now: computed(() => (clock.value.kind === 'replay' ? clock.value.at : time.value)),
    clock,
    scene,
    stale,
    filling: live.filling,
    today: computed(() => (isLive.value ? live.today.value : replay.today.value)),
    hours: computed(() => (isLive.value ? live.hours.value : replay.hours.value)),
    byItem: computed(() => (isLive.value ? live.byItem.value : replay.byItem.value)),
    byChannel: computed(() => (isLive.value ? live.byChannel.value : replay.byChannel.value)),
    ranking: computed(() => (isLive.value ? live.ranking.value : replay.ranking.value)),
    stream: computed(() => (isLive.value ? newest.value : (replay.stream.value ?? []))),
    unusual: computed(() => (isLive.value ? live.unusual.value : replay.unusual.value)),
    statistic: computed(() => (isLive.value ? live.statistic.value : replay.statistic.value)),
    link: (more) => listAddress(scene.value, clock.value, time.value, more),
    select: stage.select,
    flyTo: stage.flyTo,
  }
  return { data, replay, marks, items, isUrgent, time, endsAt }
}

export type Wall = ReturnType<typeof useWallData>
