import { onBeforeUnmount, onMounted, type Ref, ref } from 'vue'

/**
 * Whether the keyboard was used last, and not a pointer: browsers show focus rings after clicks too where a script moved the
 * focus. Escape is handed on where nothing inside has taken it.
 */
export function useKeys(onEscape: () => void): Ref<boolean> {
  const usesKeys = ref(false)
  const onKey = () => {
    usesKeys.value = true
  }
  const onPointer = () => {
    usesKeys.value = false
  }
  const onBubbled = (event: KeyboardEvent) => {
    // A modal dialog closes itself, and nothing of the page under it.
    if (event.key === 'Escape' && !document.querySelector('dialog[open]')) onEscape()
  }
  onMounted(() => {
    addEventListener('keydown', onKey, true)
    addEventListener('keydown', onBubbled)
    addEventListener('pointerdown', onPointer, true)
  })
  onBeforeUnmount(() => {
    removeEventListener('keydown', onKey, true)
    removeEventListener('keydown', onBubbled)
    removeEventListener('pointerdown', onPointer, true)
  })
  return usesKeys
}
