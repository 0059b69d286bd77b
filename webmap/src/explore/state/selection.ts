import { computed, ref, watch } from 'vue'
import { api } from '../../api/client.ts'
import type { AreaFeature, IncidentDetail, Snap } from '../../api/types.ts'
import { rights } from '../../session/session.ts'
import { sight } from '../../session/sight.ts'
import { useLoad } from '../../ui/load.ts'
import type { Names } from '../../ui/names.ts'
import type { PageState } from '../url.ts'

/** What the page has selected — a place, an area or an incident — and what the server knows of it. */
export function useSelection(page: PageState, names: Names) {
  const snap = useLoad<Snap>()
  const area = useLoad<{ area: AreaFeature; above: AreaFeature[] }>()
  const incident = useLoad<IncidentDetail>()
  /** The form for a report at the place is open. */
  const reporting = ref(false)

  const card = computed(() => {
    if (page.incident) return 'incident'
    if (page.pin) return reporting.value ? 'report' : 'snap'
    return page.area ? 'area' : null
  })
  /** The areas that may be marked: the chosen one, or those that own the clicked place from the finest up. */
  const codes = computed(() => {
    if (page.incident) return []
    if (page.area) return [page.area]
    return page.pin ? (snap.data.value?.areas.map(({ code }) => code).reverse() ?? []) : []
  })
  /** Where the pin stands. */
  const place = computed(() => (page.incident ? incident.data.value : page.pin))

  function loadSnap() {
    const { pin } = page
    if (!pin) return snap.clear()
    void snap
      .run((signal) => api.snap(pin.lon, pin.lat, 'wgs84', signal))
      .then((loaded) => loaded && names.learn(loaded.areas))
  }

  function loadArea() {
    const code = page.pin || page.incident ? null : page.area
    if (!code) return area.clear()
    void area.run(async (signal) => {
      const found = await api.area(code, signal)
      const above: AreaFeature[] = []
      for (let { parent } = found.properties; parent !== ''; parent = above[0]?.properties.parent ?? '') {
        above.unshift(await api.area(parent, signal))
      }
      names.learn([...above, found].map(({ properties }) => properties))
      return { area: found, above }
    })
  }

  function loadIncident() {
    const id = page.incident
    incident.clear()
    if (!id || sight.value !== 'some') return
    void incident.run((signal) => api.incident(id, signal)).then((loaded) => loaded && names.want(loaded.areas))
  }

  watch(
    () => page.pin && `${page.pin.lon},${page.pin.lat}`,
    (_, before) => {
      if (!before) snap.clear()
      // A report that is being written moves with the pin: a click corrects its place.
      if (!page.pin) reporting.value = false
      loadSnap()
    },
    { immediate: true },
  )
  watch(() => [page.area, page.pin, page.incident], loadArea, { immediate: true })
  watch([() => page.incident, rights], loadIncident, { immediate: true })
  // Households and population, too, depend on who asks.
  watch(rights, (_, before) => before && renew())

  /** Boundaries or branches changed. */
  function renew() {
    loadSnap()
    loadArea()
  }

  function retryFailed() {
    for (const each of [snap, area, incident]) if (each.error.value) void each.retry()
  }

  return { snap, area, incident, reporting, card, codes, place, renew, retryFailed }
}

export type Selection = ReturnType<typeof useSelection>
