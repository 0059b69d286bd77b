import { onBeforeUnmount, onMounted } from 'vue'

const STEP_MS = 5 * 60_000
const LONG_STEP_MS = 60 * 60_000

interface Deeds {
  play(): void
  step(by: number): void
  start(): void
  live(): void
  full(): void
}

/**
 * The keys of the wall. What has the focus comes first: a field takes letters, the map takes arrows, a button takes the space bar.
 */
export function useKeys(deeds: Deeds) {
  function press(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const { target, key, shiftKey } = event
    if (document.querySelector('dialog[open]')) return
    if (target instanceof HTMLElement) {
      if (target.closest('input, select, textarea, [contenteditable]')) return
      if (key === ' ' && target.closest('button, a, summary')) return
      if (key.startsWith('Arrow') && target.closest('.leaflet-container')) return
    }
    const step = shiftKey ? LONG_STEP_MS : STEP_MS
    const deed = {
      ' ': deeds.play,
      ArrowLeft: () => deeds.step(-step),
      ArrowRight: () => deeds.step(step),
      Home: deeds.start,
      l: deeds.live,
      f: deeds.full,
    }[key.length === 1 ? key.toLowerCase() : key]
    if (!deed) return
    event.preventDefault()
    deed()
  }
  onMounted(() => addEventListener('keydown', press))
  onBeforeUnmount(() => removeEventListener('keydown', press))
}
