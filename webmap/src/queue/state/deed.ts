import { onBeforeUnmount, ref, shallowRef } from 'vue'
import { ApiError } from '../../api/client.ts'
import { t } from '../text/index.ts'

/** How long what was just done can be taken back. */
const KEPT_MS = 15_000

/** What was just done, and how it is taken back. */
export interface Deed {
  said: string
  /** What the button says; '' where it cannot be taken back. */
  back: string
  undo: () => Promise<unknown>
}

/** The last thing that was done, for some seconds. */
export function useDeed() {
  const deed = shallowRef<Deed | null>(null)
  const undoing = ref(false)
  const failed = ref('')
  let timer = 0

  function tell(done: Deed) {
    clearTimeout(timer)
    failed.value = ''
    deed.value = done
    timer = window.setTimeout(forget, KEPT_MS)
  }

  function forget() {
    clearTimeout(timer)
    deed.value = null
    failed.value = ''
  }

  async function undo() {
    const last = deed.value
    if (!last?.back || undoing.value) return
    clearTimeout(timer)
    undoing.value = true
    failed.value = ''
    try {
      await last.undo()
      if (deed.value === last) forget()
    } catch (error) {
      const late = error instanceof ApiError && error.code === 'stale'
      if (late && deed.value === last) deed.value = { ...last, back: '' }
      failed.value = late
        ? t('place.undoLate')
        : `${t('place.failed')}: ${error instanceof Error ? error.message : String(error)}`
    } finally {
      undoing.value = false
    }
  }
  onBeforeUnmount(() => clearTimeout(timer))

  return { deed, undoing, failed, tell, forget, undo }
}

export type Deeds = ReturnType<typeof useDeed>
