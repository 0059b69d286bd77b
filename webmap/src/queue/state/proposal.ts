import { computed, onBeforeUnmount, shallowRef, watch } from 'vue'
import { api } from '../../api/client.ts'
import type { Snap } from '../../api/types.ts'
import { mayAt } from '../../session/session.ts'
import { useLoad } from '../../ui/load.ts'
import type { Place } from '../types.ts'

/** While a pin is dragged its owner is asked at most this often. */
const PAUSE_MS = 80

/** Where something could go, and whose it would be there; `null` while nobody proposes anything. */
export function useProposal() {
  const place = shallowRef<Place | null>(null)
  const owner = useLoad<Snap>()
  let timer = 0

  watch(place, (to) => {
    if (!to) {
      clearTimeout(timer)
      timer = 0
      owner.clear()
    } else timer ||= window.setTimeout(look, PAUSE_MS)
  })
  onBeforeUnmount(() => clearTimeout(timer))

  function look() {
    timer = 0
    const to = place.value
    if (to) void owner.run((signal) => api.snap(to.lon, to.lat, 'wgs84', signal))
  }

  /** Degrees with six decimals, about 0.1 m. */
  function propose(lon: number, lat: number) {
    const round = (degrees: number) => Math.round(degrees * 1e6) / 1e6
    place.value = { lon: round(lon), lat: round(lat) }
  }

  function clear() {
    place.value = null
  }

  /** Whether the owner that is shown is that of the place that is proposed now. */
  const current = computed(() => {
    const { value: to } = place
    const snap = owner.data.value
    return !!to && !!snap && !owner.loading.value && !owner.error.value && same(snap, to)
  })
  /** Whether who is logged in decides there. */
  const allowed = computed(() =>
    mayAt(
      'incident.triage',
      (owner.data.value?.areas ?? []).map(({ code }) => code),
    ),
  )

  return { place, owner, current, allowed, propose, clear, retry: look }
}

const same = (a: Place, b: Place) => Math.abs(a.lon - b.lon) < 1e-6 && Math.abs(a.lat - b.lat) < 1e-6

export type Proposal = ReturnType<typeof useProposal>
