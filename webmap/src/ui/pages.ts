import { ref, shallowRef } from 'vue'
import { useLoad } from './load.ts'

export interface Page<T> {
  items: T[]
  /** Cursor of the next page; null after the last. */
  next: string | null
}

/** A list that comes in pages: the first whenever what is asked changes, each further one when somebody wants more. */
export function usePages<T extends { id: string }>(
  load: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>,
) {
  const first = useLoad<Page<T>>()
  const further = useLoad<Page<T>>()
  const items = shallowRef<readonly T[]>([])
  const next = ref<string | null>(null)
  /** There has been an answer. */
  const loaded = ref(false)

  /** Asks for the first page again. What is shown stays until it is there. */
  async function reload() {
    further.clear()
    const page = await first.run((signal) => load(null, signal))
    if (!page) return
    items.value = page.items
    next.value = page.next
    loaded.value = true
  }

  async function more() {
    const cursor = next.value
    if (!cursor || further.loading.value || first.loading.value) return
    const page = await further.run((signal) => load(cursor, signal))
    if (!page) return
    // Where something came in between, a page may begin with what the last one ended with.
    const known = new Set(items.value.map(({ id }) => id))
    items.value = [...items.value, ...page.items.filter(({ id }) => !known.has(id))]
    next.value = page.next
  }

  /** Puts a newer state of one item in its place. */
  function replace(item: T) {
    items.value = items.value.map((each) => (each.id === item.id ? item : each))
  }

  return { items, next, loaded, first, further, reload, more, replace }
}
