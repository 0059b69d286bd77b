import { onBeforeUnmount, type Ref, ref, watch } from 'vue'

/**
 * How many rows of a height (rem) fit into an element: a panel shows whole rows or none, and never scrolls, because nobody is at the
 * wall to do it.
 */
export function useFit(element: Readonly<Ref<HTMLElement | null>>, rowRem: number): Ref<number> {
  const rows = ref(0)
  const observer = new ResizeObserver(([entry]) => {
    const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize)
    rows.value = Math.max(0, Math.floor((entry?.contentRect.height ?? 0) / (rowRem * rem) + 0.01))
  })
  // The element is there only while the panel has something to show.
  watch(element, (now, before) => {
    if (before) observer.unobserve(before)
    if (now) observer.observe(now)
  })
  onBeforeUnmount(() => observer.disconnect())
  return rows
}
