import { ref, shallowRef } from 'vue'
import { isAbort } from '../api/client.ts'

/**
 * Something that is loaded, with what to show meanwhile and when it fails. A new run aborts the one before; the old data stays
 * until the new is there.
 */
export function useLoad<T>() {
  const data = shallowRef<T | null>(null)
  /** A sentence for people, or null. */
  const error = ref<string | null>(null)
  const loading = ref(false)
  let abort: AbortController | null = null
  let last: ((signal: AbortSignal) => Promise<T>) | null = null

  async function run(load: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    abort?.abort()
    const mine = new AbortController()
    abort = mine
    last = load
    loading.value = true
    error.value = null
    try {
      const loaded = await load(mine.signal)
      if (abort !== mine) return null
      data.value = loaded
      return loaded
    } catch (failure) {
      if (abort === mine && !isAbort(failure))
        error.value = failure instanceof Error ? failure.message : String(failure)
      return null
    } finally {
      if (abort === mine) {
        abort = null
        loading.value = false
      }
    }
  }

  function retry() {
    return last ? run(last) : Promise.resolve(null)
  }

  function clear() {
    abort?.abort()
    abort = null
    last = null
    loading.value = false
    error.value = null
    data.value = null
  }

  return { data, error, loading, run, retry, clear }
}
