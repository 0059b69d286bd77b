import { computed, ref, shallowRef } from 'vue'
import { useLoad } from '../../ui/load.ts'

export interface Page<T> {
  items: T[]
  next: string | null
}

const LIMIT = 100
const MOST = 1000

/**
 * What waits in one line, the oldest first, and which of it somebody looks at. What comes in while they look joins at the end; what others
 * have done leaves, but for the one that is looked at: that stays until it is left, and is said to be gone.
 */
export function useLine<T>(load: (limit: number, signal: AbortSignal) => Promise<Page<T>>, keyOf: (item: T) => string) {
  const page = useLoad<Page<T>>()
  const items = shallowRef<readonly T[]>([])
  const selected = shallowRef<T | null>(null)
  /** It was asked for beside what waits, or waits again; it is shown first. */
  const guest = shallowRef<T | null>(null)
  /** Somebody else has done what is looked at. */
  const gone = ref(false)
  const loaded = ref(false)
  const more = ref(false)
  let limit = LIMIT
  /** Done by this page: an answer that was on its way meanwhile must not bring them back. */
  const done = new Set<string>()

  const indexOf = (key: string) => items.value.findIndex((item) => keyOf(item) === key)
  const selectedKey = computed(() => (selected.value ? keyOf(selected.value) : ''))

  async function renew() {
    const answer = await page.run((signal) => load(limit, signal))
    if (!answer) return
    const first =
      guest.value && (answer.items.find((item) => guest.value && keyOf(item) === keyOf(guest.value)) ?? guest.value)
    guest.value = first
    const rest = answer.items.filter((item) => !done.has(keyOf(item)) && (!first || keyOf(item) !== keyOf(first)))
    items.value = first ? [first, ...rest] : rest
    more.value = answer.next !== null && limit < MOST
    loaded.value = true
    done.clear()
    follow()
  }

  /** The one that is looked at, as it is now; the first one where nobody has looked yet. */
  function follow() {
    const key = selectedKey.value
    const now = items.value[indexOf(key)]
    if (now) {
      gone.value = false
      if (JSON.stringify(now) !== JSON.stringify(selected.value)) selected.value = now
    } else if (selected.value) gone.value = true
    else select(items.value[0])
  }

  function select(item: T | undefined) {
    gone.value = false
    selected.value = item ?? null
  }

  /** Looks at the next or the one before. */
  function step(by: number) {
    const at = indexOf(selectedKey.value)
    const next = items.value[at < 0 ? 0 : at + by]
    if (next) select(next)
  }

  /** Takes something out that was done, and looks at what stood behind it. */
  function finish(item: T) {
    const key = keyOf(item)
    const at = indexOf(key)
    done.add(key)
    if (guest.value && keyOf(guest.value) === key) guest.value = null
    items.value = items.value.filter((each) => keyOf(each) !== key)
    if (selectedKey.value === key) select(items.value[Math.min(Math.max(at, 0), items.value.length - 1)])
    if (more.value && items.value.length < LIMIT / 2) void renew()
  }

  /** Shows something first that does not wait, or waits again. */
  function invite(item: T) {
    const key = keyOf(item)
    done.delete(key)
    guest.value = item
    items.value = [item, ...items.value.filter((each) => keyOf(each) !== key)]
    select(item)
  }

  /** Forgets all and asks anew: something else is asked for. */
  function restart() {
    limit = LIMIT
    loaded.value = false
    items.value = []
    guest.value = null
    select(undefined)
    return renew()
  }

  function showMore() {
    limit = Math.min(MOST, limit + LIMIT)
    return renew()
  }

  return {
    items,
    selected,
    selectedKey,
    gone,
    loaded,
    more,
    error: page.error,
    loading: page.loading,
    keyOf,
    renew,
    select,
    step,
    finish,
    invite,
    restart,
    showMore,
  }
}

export type Line<T> = ReturnType<typeof useLine<T>>
