import { onBeforeUnmount } from 'vue'

const FIRST_MS = 200
const AGAIN_MS = 3000

/** Does something shortly after it was asked for, however often, and not again before some seconds have passed: many events, few questions. */
export function useSoon(act: () => void): () => void {
  let timer = 0
  let last = Number.NEGATIVE_INFINITY
  onBeforeUnmount(() => clearTimeout(timer))
  return () => {
    timer ||= window.setTimeout(
      () => {
        timer = 0
        last = performance.now()
        act()
      },
      Math.max(FIRST_MS, last + AGAIN_MS - performance.now()),
    )
  }
}
