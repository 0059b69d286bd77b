import { computed, type Ref, ref, shallowRef } from 'vue'
import { sceneApi } from '../scenes/api.ts'
import type { SavedScene, WallRotation, WallScene } from './types.ts'

/** After somebody has touched the page the rotation waits for this long. */
const HOLD_MS = 60_000

interface Stage {
  /** Shows a scene. */
  apply(scene: WallScene): void
  present(): WallScene
  address(): string
}

/** The saved scenes, and their turning: one after the other for its own time, never while somebody works on the page. */
export function useRotation(stage: Stage, current: Ref<string | null>, rotating: Ref<boolean>) {
  const list = shallowRef<SavedScene[] | null>(null)
  const error = ref<string | null>(null)
  const heldUntil = ref<number | null>(null)
  /** When the next scene comes; only while rotating. */
  let nextAt = 0
  /** The last one shown: the rotation goes on behind it, also when it was changed by hand. */
  let last: string | null = current.value

  const turning = computed(() => (list.value ?? []).filter(({ inRotation }) => inRotation))

  async function reload() {
    error.value = null
    try {
      list.value = (await sceneApi.list()).sort((a, b) => a.position - b.position)
    } catch (failure) {
      error.value = failure instanceof Error ? failure.message : String(failure)
      throw failure
    }
  }

  function show(id: string) {
    const scene = list.value?.find((each) => each.id === id)
    if (!scene) return
    last = id
    stage.apply(scene.config)
    current.value = id
    nextAt = Date.now() + scene.seconds * 1000
  }

  function rotate(on: boolean) {
    rotating.value = on
    heldUntil.value = null
    if (on) showNext()
  }

  function showNext() {
    const scenes = turning.value
    if (scenes.length === 0) return
    const at = scenes.findIndex(({ id }) => id === last)
    const next = scenes[(at + 1) % scenes.length]
    if (next) show(next.id)
  }

  /** Somebody touches the page. */
  function hold() {
    if (rotating.value) heldUntil.value = Date.now() + HOLD_MS
  }

  function tick() {
    if (!rotating.value || turning.value.length === 0) return
    const now = Date.now()
    if (heldUntil.value !== null) {
      if (now < heldUntil.value) return
      heldUntil.value = null
      showNext()
    } else if (now >= nextAt && (turning.value.length > 1 || current.value === null)) showNext()
  }

  const rotation: WallRotation = {
    list,
    error,
    current,
    rotating,
    heldUntil,
    present: stage.present,
    address: stage.address,
    show,
    rotate,
    reload,
  }
  return { rotation, hold, tick }
}
