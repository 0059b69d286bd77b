import { computed, onBeforeUnmount, reactive, ref } from 'vue'
import { isAbort } from '../../api/client.ts'
import { PHOTO_TYPES, uploadPhoto } from '../../api/photos.ts'
import { randomKey } from '../key.ts'

/** The most photos of a report. */
export const PHOTO_LIMIT = 5

export interface Attached {
  key: string
  name: string
  /** Address of the preview. */
  preview: string
  state: 'waiting' | 'sending' | 'done' | 'failed'
  /** Part that has been sent, 0 to 1. */
  sent: number
  /** Why it failed: the wrong kind of file, or what the server says. */
  error: { kind: 'type' } | { kind: 'server'; message: string } | null
  /** The server's name for it. */
  id: string | null
  /** Where it was taken, degrees, if the photo told. */
  position: { lon: number; lat: number } | null
}

/** The photos of a report that is being written. They are sent one after the other, as soon as they are chosen. */
export function usePhotos() {
  const photos = ref<Attached[]>([])
  const files = new Map<string, File>()
  const aborts = new Map<string, AbortController>()
  /** Files that were one too many. */
  const refused = ref(0)
  let running = false

  function add(chosen: Iterable<File>) {
    refused.value = 0
    for (const file of chosen) {
      if (photos.value.length >= PHOTO_LIMIT) {
        refused.value++
        continue
      }
      const known = PHOTO_TYPES.includes(file.type)
      const photo: Attached = reactive({
        key: randomKey(),
        name: file.name,
        preview: known ? URL.createObjectURL(file) : '',
        state: known ? 'waiting' : 'failed',
        sent: 0,
        error: known ? null : { kind: 'type' },
        id: null,
        position: null,
      })
      files.set(photo.key, file)
      photos.value.push(photo)
    }
    void send()
  }

  async function send() {
    if (running) return
    running = true
    for (;;) {
      const photo = photos.value.find(({ state }) => state === 'waiting')
      const file = photo && files.get(photo.key)
      if (!photo || !file) break
      const abort = new AbortController()
      aborts.set(photo.key, abort)
      photo.state = 'sending'
      photo.sent = 0
      try {
        const { id, position } = await uploadPhoto(
          file,
          (part) => {
            photo.sent = part
          },
          abort.signal,
        )
        Object.assign(photo, { id, position, state: 'done', sent: 1 })
      } catch (error) {
        if (isAbort(error)) continue
        photo.state = 'failed'
        photo.error = { kind: 'server', message: error instanceof Error ? error.message : String(error) }
      }
    }
    running = false
  }

  function retry(photo: Attached) {
    photo.error = null
    photo.state = 'waiting'
    void send()
  }

  function remove({ key, preview }: Attached) {
    photos.value = photos.value.filter((each) => each.key !== key)
    aborts.get(key)?.abort()
    aborts.delete(key)
    files.delete(key)
    refused.value = 0
    if (preview) URL.revokeObjectURL(preview)
  }

  function clear() {
    for (const photo of [...photos.value]) remove(photo)
  }
  onBeforeUnmount(clear)

  const ids = computed(() => photos.value.flatMap(({ id }) => (id ? [id] : [])))
  const sending = computed(() => photos.value.some(({ state }) => state === 'waiting' || state === 'sending'))
  const failed = computed(() => photos.value.some(({ state }) => state === 'failed'))

  return { photos, refused, add, retry, remove, clear, ids, sending, failed }
}

export type Photos = ReturnType<typeof usePhotos>
