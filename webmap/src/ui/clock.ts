import { onBeforeUnmount, type Ref, ref } from 'vue'

/** The time of day, renewed every second; the page's only clock. */
export function useClock(): Ref<number> {
  const now = ref(Date.now())
  const timer = setInterval(() => {
    now.value = Date.now()
  }, 1000)
  onBeforeUnmount(() => clearInterval(timer))
  return now
}
