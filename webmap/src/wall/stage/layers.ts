import { computed, onBeforeUnmount, type Ref, shallowRef, watch } from 'vue'
import type { CountLayers, Shades } from '../../map/count-layers.ts'
import { shadedLevel } from '../../map/count-layers.ts'
import { classOf, DIFFERENCE, HEAT, heatColor, quantiles } from '../../map/ramp.ts'
import type { Level } from '../../map/tiles/decode.ts'
import type { TileJson } from '../../map/tiles/source.ts'
import { type CountQuery, type HeatJson, wallApi } from '../state/api.ts'
import { DAY_MS, dayOf, startOf } from '../state/day.ts'
import { Refresh } from '../state/refresh.ts'
import { periodStart, queryOf } from '../state/scene.ts'
import type { Clock, RankRow, WallScene } from '../state/types.ts'

/** Zooms of tiles of counts: theirs are those of the tiles of areas. */
const ZOOMS = { minzoom: 6, maxzoom: 16 }
/** The map's counts are renewed at most this often while events come. */
const FAST_MS = 5000
const SLOW_MS = 60_000
const SHADE_CLASSES = 6
/** In replay a layer is asked anew at most this often, in real time. */
const REPLAY_MS = 3000
/** A scrubber that is dragged asks when it rests. */
const SETTLE_MS = 150

/** What the legend says of the layer. */
export interface Legend {
  layer: WallScene['layer']
  level: Level
  /** From the fewest to the most. */
  classes: { color: string; from: number; to: number }[]
}

interface Shown {
  scene: Ref<WallScene>
  clock: Ref<Clock>
  now: Ref<number>
  /** Of replay. */
  ranking: Ref<RankRow[] | null>
  zoom: Ref<number>
  levels: Ref<readonly Level[]>
}

/** Keeps the layer of counts what the scene and the clock say, and renews it. */
export function useLayers(layers: CountLayers, { scene, clock, now, ranking, zoom, levels }: Shown) {
  const refresh = new Refresh()
  const heat = shallowRef<HeatJson | null>(null)
  const shades = shallowRef<(Shades & { ends: number[]; counts: ReadonlyMap<string, number> }) | null>(null)

  /** The moment up to which the map counts in replay: only so often another one, so that requests stay few. */
  const moment = computed(() => {
    const at = clock.value
    if (at.kind === 'live') return null
    if (!at.playing) return at.at
    const step = Math.max(60_000, at.speed * REPLAY_MS)
    const start = startOf(at.day)
    return start + Math.floor((at.at - start) / step) * step
  })
  const level = computed(() => shadedLevel(scene.value.level, levels.value))

  /** Ranges of the map's counts. */
  function ranges(): { query: CountQuery; compare: CountQuery } {
    const { period, filter } = scene.value
    const until = moment.value
    const from = periodStart(period, clock.value, now.value)
    const to = until === null ? now.value : Math.max(until, from + 1000)
    const length = period === 'today' ? DAY_MS : to - from
    const iso = (at: number) => new Date(at).toISOString()
    return {
      query: { ...queryOf(filter), from: iso(from), ...(until !== null && { to: iso(to) }) },
      compare: { compare_from: iso(from - length), compare_to: iso(to - length) },
    }
  }

  const tilesOf = (kind: string, query: CountQuery): TileJson => ({
    tiles: [`/tiles/${kind}/{z}/{x}/{y}.mvt?${new URLSearchParams(query)}`],
    ...ZOOMS,
  })

  /** Everything that decides what is asked; of the present time only the day. */
  const question = computed(() => {
    const { layer, period, filter } = scene.value
    const until = moment.value ?? (period === 'today' && dayOf(now.value))
    return JSON.stringify([layer, layer === 'areas' && level.value, period, filter, until])
  })

  refresh.add('layer', { fastMs: FAST_MS, slowMs: SLOW_MS, load })

  async function load(signal: AbortSignal) {
    const { layer } = scene.value
    const { query, compare } = ranges()
    const heated = layer === 'heat' || layer === 'difference'
    layers.showHeat(
      heated ? tilesOf('heat', layer === 'difference' ? { ...query, ...compare } : query) : null,
      layer === 'difference',
    )
    layers.showPoints(layer === 'points' ? tilesOf('incidents', query) : null)
    if (layer !== 'areas') {
      shades.value = null
      layers.shade(null)
    }
    if (heated) heat.value = await wallApi.heat(layer === 'difference' ? { ...query, ...compare } : query, signal)
    else if (layer === 'areas') await loadShades(query, signal)
  }

  async function loadShades(query: CountQuery, signal: AbortSignal) {
    // In replay the towns of the day are counted here already.
    if (clock.value.kind === 'replay' && level.value === 'town' && scene.value.period === 'today') {
      shadeRanking()
      return
    }
    const wanted = level.value
    const by = wanted === 'county' ? 'town' : wanted
    const { groups } = await wallApi.counts(query, by, signal)
    show(wanted, new Map(groups.map(({ key, count }) => [key, count])))
  }

  function show(level: Level, counts: ReadonlyMap<string, number>) {
    const ends = quantiles(counts.values(), SHADE_CLASSES)
    const classes = new Map<string, number>()
    for (const [code, count] of counts) if (count > 0) classes.set(code, classOf(count, ends))
    shades.value = { level, classes, count: ends.length, ends, counts }
    layers.shade(shades.value)
  }

  function shadeRanking() {
    if (ranking.value) show('town', new Map(ranking.value.map(({ code, count }) => [code, count])))
  }

  let pause = 0
  watch(question, () => {
    clearTimeout(pause)
    pause = window.setTimeout(() => refresh.restart(), SETTLE_MS)
  })
  watch(ranking, () => {
    const { layer, period } = scene.value
    if (layer === 'areas' && period === 'today' && clock.value.kind === 'replay' && level.value === 'town')
      shadeRanking()
  })

  const legend = computed<Legend | null>(() => {
    const { layer } = scene.value
    if (layer === 'areas') {
      if (!shades.value) return null
      const { ends } = shades.value
      const classes = ends.map((to, i) => ({
        color: heatColor(i, ends.length),
        from: i === 0 ? 1 : (ends[i - 1] as number) + 1,
        to,
      }))
      return { layer, level: shades.value.level, classes }
    }
    const found = heat.value?.classes[`${layers.resolution(zoom.value)}`] ?? []
    const colors = layer === 'heat' ? HEAT : layer === 'difference' ? DIFFERENCE : null
    const classes = colors
      ? found.map(({ class: index, from, to }) => {
          return { color: colors[layer === 'difference' ? index + 3 : index] ?? HEAT[0], from, to }
        })
      : []
    return { layer, level: level.value, classes }
  })

  onBeforeUnmount(() => {
    clearTimeout(pause)
    refresh.stop()
  })

  return {
    legend,
    heat,
    countOf: (code: string) => shades.value?.counts.get(code) ?? 0,
    shadedLevel: computed(() => shades.value?.level ?? null),
    /** Counts may have changed. */
    touch: () => refresh.touch('layer'),
    failedSince: () => refresh.failedSince,
  }
}
