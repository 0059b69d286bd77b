import { onBeforeUnmount, onMounted, ref } from 'vue'
import { followLive, type LiveEvent } from '../../live/live.ts'
import { hearCall } from '../../ui/calls.ts'
import type { Arrival } from '../question.ts'

/** More than so many are not counted: the list is to be loaded anyway. */
const MOST = 999
/** The stream is there after so long, or it was away. */
const JOINING_MS = 5000

/** What has happened since the list was asked for. It stays as it is until somebody wants the new one: a list that jumps cannot be read. */
export function useArrivals(options: {
  fits: (arrival: Arrival) => boolean
  /** The stream has only begun: what came in between the list and it is missing. */
  joined: () => void
  /** An incident that may be in the list is another now. */
  changed: (id: string) => void
}) {
  const arrived = ref(0)
  /** Something may be missing that nobody counted. */
  const stale = ref(false)
  const downSince = ref<number | null>(null)
  const seen = new Set<string>()
  const begun = Date.now()

  function take({ name, data }: LiveEvent) {
    if (name === 'incident.created') {
      const arrival = data as Arrival
      if (seen.has(arrival.id) || !options.fits(arrival)) return
      if (seen.size < MOST) seen.add(arrival.id)
      arrived.value = seen.size
    } else if (name === 'incident.moved' || name === 'incident.changed') options.changed((data as { id: string }).id)
    else if (name === 'incident.imported' || name === 'incident.archived') stale.value = true
  }

  function reset() {
    seen.clear()
    arrived.value = 0
    stale.value = false
  }

  let stop = () => {}
  onMounted(() => {
    stop = followLive({
      onEvents(events) {
        events.forEach(take)
        events.forEach(hearCall)
      },
      onReload: () => {
        if (Date.now() - begun < JOINING_MS) options.joined()
        else stale.value = true
      },
      onStatus: (since) => {
        downSince.value = since
      },
    })
  })
  onBeforeUnmount(() => stop())

  return { arrived, stale, downSince, reset }
}
