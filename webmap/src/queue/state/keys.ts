import { onBeforeUnmount, onMounted } from 'vue'

/** What the keyboard can do on the page; each answers whether it did something. */
export type Keys = Record<string, () => void>

/** A key that was meant for what came before must not decide about what has just come. */
const REST_MS = 350

/**
 * Keys of the whole page, by KeyboardEvent.key. They rest in fields, dialogs and while a key is held down; Enter on a button or a link is that
 * button's. `rest` keeps Enter quiet for a moment.
 */
export function useKeys(keys: () => Keys) {
  let quietUntil = 0

  function hear(event: KeyboardEvent) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return
    const target = event.target instanceof HTMLElement ? event.target : null
    if (target?.closest('input, textarea, select, dialog') || document.querySelector('dialog[open]')) return
    if (event.key === 'Enter' && target?.closest('button, a')) return
    // There the arrows move the map.
    if (event.key.startsWith('Arrow') && target?.closest('.leaflet-container')) return
    const act = keys()[event.key]
    if (!act) return
    event.preventDefault()
    const decides = event.key === 'Enter' || event.key === 'c'
    if (decides && (event.repeat || performance.now() < quietUntil)) return
    act()
  }
  onMounted(() => addEventListener('keydown', hear))
  onBeforeUnmount(() => removeEventListener('keydown', hear))

  return {
    rest() {
      quietUntil = performance.now() + REST_MS
    },
    /** Something was chosen of what has come: it has been seen. */
    wake() {
      quietUntil = 0
    },
  }
}
