import { onBeforeUnmount, onMounted, type Ref, ref } from 'vue'

/** Whether the panel below a button is open: Escape, which then gives the button the focus, and whatever happens outside of `root` close it. */
export function useDropdown(
  root: Readonly<Ref<HTMLElement | null>>,
  button: Readonly<Ref<HTMLElement | null>>,
): Ref<boolean> {
  const open = ref(false)

  function closeByKey(event: KeyboardEvent) {
    if (event.key !== 'Escape' || !open.value) return
    event.stopPropagation()
    open.value = false
    button.value?.focus()
  }
  function closeFromOutside(event: Event) {
    if (event.target instanceof Node && !root.value?.contains(event.target)) open.value = false
  }
  onMounted(() => {
    // Taken on the way down: Escape here closes nothing else of the page.
    addEventListener('keydown', closeByKey, true)
    addEventListener('pointerdown', closeFromOutside)
    addEventListener('focusin', closeFromOutside)
  })
  onBeforeUnmount(() => {
    removeEventListener('keydown', closeByKey, true)
    removeEventListener('pointerdown', closeFromOutside)
    removeEventListener('focusin', closeFromOutside)
  })
  return open
}
