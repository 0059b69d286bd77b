import { onBeforeUnmount, onMounted, ref } from 'vue'

/** A browser that refuses has its own key for it. */
export function toggleFull() {
  const change = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()
  change.catch(() => {})
}

const IDLE_MS = 5000

/** What a wall needs of its machine: the screen stays on, the pointer goes when nobody moves it, and everything else makes room. */
export function useScreen() {
  const idle = ref(false)
  let timer = 0
  let lock: WakeLockSentinel | null = null
  let gone = false

  function stir() {
    idle.value = false
    clearTimeout(timer)
    timer = window.setTimeout(() => {
      idle.value = true
    }, IDLE_MS)
  }

  async function stayOn() {
    // Browsers have it on https and localhost only, and take it back whenever the page is hidden.
    if (!('wakeLock' in navigator) || document.visibilityState !== 'visible') return
    try {
      lock = await navigator.wakeLock.request('screen')
      if (gone) void lock.release()
    } catch {
      // A machine that will not be kept awake is set to stay so by whoever runs the wall.
    }
  }

  onMounted(() => {
    stir()
    void stayOn()
    addEventListener('pointermove', stir, { passive: true })
    document.addEventListener('visibilitychange', stayOn)
  })
  onBeforeUnmount(() => {
    gone = true
    clearTimeout(timer)
    removeEventListener('pointermove', stir)
    document.removeEventListener('visibilitychange', stayOn)
    void lock?.release().catch(() => {})
  })

  return { idle }
}
