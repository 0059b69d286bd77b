import { onBeforeUnmount, ref, shallowRef } from 'vue'
import type { AreaMap, MapEvents } from './area-map.ts'
import type { Level } from './tiles/decode.ts'

/** What a page itself wants to hear of its map; the rest the refs of useAreaMap tell. */
type OwnEvents = Partial<Omit<MapEvents, 'onTileFailures' | 'onLoading' | 'onLevels'>>

/**
 * A page's map and what the page shows of it. The page makes the map, with the events that `events` gives, and puts it into `map`; it is destroyed
 * with the page.
 */
export function useAreaMap() {
  // The map never becomes reactive.
  const map = shallowRef<AreaMap | null>(null)
  const zoom = ref(0)
  const metresPerPixel = ref(0)
  const canZoom = ref({ closer: true, wider: true })
  /** The levels whose borders are drawn, from the widest. */
  const levels = shallowRef<Level[]>([])
  /** How many of the tiles in view could not be loaded. */
  const tileFailures = ref(0)
  /** Whether tiles are on their way. */
  const loading = ref(true)

  onBeforeUnmount(() => {
    map.value?.destroy()
    map.value = null
  })

  const events = (own: OwnEvents): MapEvents => ({
    onPick() {},
    onIncident() {},
    onHover() {},
    ...own,
    onMove(view, box, scale) {
      zoom.value = view.zoom
      metresPerPixel.value = scale
      canZoom.value = map.value?.canZoom() ?? canZoom.value
      own.onMove?.(view, box, scale)
    },
    onTileFailures: (count) => {
      tileFailures.value = count
    },
    onLoading: (value) => {
      loading.value = value
    },
    onLevels: (shown) => {
      levels.value = shown
    },
  })

  return { map, zoom, metresPerPixel, canZoom, levels, tileFailures, loading, events }
}
