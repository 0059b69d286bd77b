import { computed, shallowRef } from 'vue'
import { api } from '../../api/client.ts'
import type { Incident, Item } from '../../api/types.ts'
import type { Box } from '../../map/area-map.ts'
import type { IncidentMark } from '../../map/incidents.ts'
import { useLoad } from '../../ui/load.ts'

/** What lists and the map show of an incident: the same in a live event and in an answer of the API. */
export type Brief = Pick<
  Incident,
  'id' | 'lon' | 'lat' | 'item' | 'item_name' | 'item_name_en' | 'title' | 'status' | 'areas' | 'reported_at'
>

/** The most incidents on the map, and in the list of the newest. */
export const MAP_LIMIT = 600
export const FEED_LIMIT = 30
/** Live arrivals kept on the map beside what was loaded for the view. */
const ARRIVED_LIMIT = 300
/** The loaded box reaches beyond the view by this part of it on each side, so that a short pan loads nothing. */
const MARGIN = 0.25

const SHAPES = { civil: 'circle', enforcement: 'square', hard: 'triangle' } as const

/** How an incident is marked on the map and in lists. */
export function lookOf(brief: Pick<Brief, 'item' | 'status'>, items: ReadonlyMap<string, Item>) {
  const item = items.get(brief.item)
  const open = brief.status !== 'closed' && brief.status !== 'cancelled'
  return { shape: SHAPES[item?.tier ?? 'civil'], open, urgent: item?.urgency === 'emergency' }
}

/** `everything` is the box around all areas; a view that holds it asks for incidents everywhere, which is cheaper to answer. */
export function useIncidents(items: () => ReadonlyMap<string, Item>, everything: () => Box | null) {
  const inView = useLoad<{ box: Box; items: Incident[]; complete: boolean }>()
  const newest = useLoad<Incident[]>()
  /** Newest first. */
  const arrived = shallowRef<Brief[]>([])

  const view = shallowRef<Box | null>(null)
  let started = false

  /** Nothing is asked before; see App.vue for when it is time. */
  function start() {
    if (started) return
    started = true
    loadNewest()
    if (view.value) look(view.value)
  }

  /** Forgets everything, and asks nothing until the next start: what was loaded was for other eyes. */
  function stop() {
    started = false
    arrived.value = []
    inView.clear()
    newest.clear()
  }

  /** Loads the newest incidents of a view, unless they are all there. */
  function look(at: Box) {
    view.value = at
    if (!started) return
    const loaded = inView.data.value
    if (loaded?.complete && !inView.error.value && contains(loaded.box, at)) return
    const box = widen(at)
    void inView.run(async (signal) => {
      const all = everything()
      const answer = await api.incidents(all && contains(box, all) ? null : box, MAP_LIMIT, signal)
      return { box, items: answer.items, complete: answer.next === null }
    })
  }

  function loadNewest() {
    void newest.run(async (signal) => (await api.incidents(null, FEED_LIMIT, signal)).items)
  }

  /** Loads everything anew that is shown. */
  function reload() {
    if (!started) return
    arrived.value = []
    loadNewest()
    void inView.retry()
  }

  /** Takes live arrivals, oldest first; returns those that were not known. */
  function add(briefs: readonly Brief[]): Brief[] {
    if (!started) return []
    const known = new Set([...arrived.value, ...(newest.data.value ?? [])].map(({ id }) => id))
    const fresh = briefs.filter(({ id }) => !known.has(id) && known.add(id))
    if (fresh.length > 0) {
      arrived.value = [...fresh.toReversed(), ...arrived.value].slice(0, ARRIVED_LIMIT)
    }
    return fresh
  }

  const feed = computed<Brief[]>(() =>
    merge(arrived.value, newest.data.value ?? [])
      .sort(newestFirst)
      .slice(0, FEED_LIMIT),
  )

  const onMap = computed<Brief[]>(() => merge(arrived.value, inView.data.value?.items ?? []))

  /** The marks of the map; what demands action is drawn last and so on top. */
  const marks = computed<IncidentMark[]>(() => {
    const list = onMap.value.map((brief) => ({
      id: brief.id,
      lon: brief.lon,
      lat: brief.lat,
      ...lookOf(brief, items()),
    }))
    const weight = (mark: IncidentMark) => (mark.open ? (mark.urgent ? 2 : 1) : 0)
    return list.reverse().sort((a, b) => weight(a) - weight(b))
  })

  const countInView = computed(() => {
    const [west, south, east, north] = view.value ?? [0, 0, 0, 0]
    return onMap.value.filter(({ lon, lat }) => lon >= west && lon <= east && lat >= south && lat <= north).length
  })

  const find = (id: string) => onMap.value.find((each) => each.id === id) ?? feed.value.find((each) => each.id === id)

  return { start, stop, inView, newest, look, loadNewest, reload, add, feed, marks, countInView, find }
}

export type Incidents = ReturnType<typeof useIncidents>

function merge(first: readonly Brief[], second: readonly Brief[]): Brief[] {
  const seen = new Set(first.map(({ id }) => id))
  return [...first, ...second.filter(({ id }) => !seen.has(id))]
}

const newestFirst = (a: Brief, b: Brief) => Date.parse(b.reported_at) - Date.parse(a.reported_at)

function widen([west, south, east, north]: Box): Box {
  const width = (east - west) * MARGIN
  const height = (north - south) * MARGIN
  const round = (degrees: number) => Math.round(degrees * 1e5) / 1e5
  return [
    round(Math.max(-180, west - width)),
    round(Math.max(-90, south - height)),
    round(Math.min(180, east + width)),
    round(Math.min(90, north + height)),
  ]
}

function contains(outer: Box, inner: Box): boolean {
  return outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3]
}
