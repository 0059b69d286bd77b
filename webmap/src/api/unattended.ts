/*
 * A page that stands open with nobody before it, such as a wall, asks the server all the time. What it asks by itself says so in a header, and
 * the server takes it for no use of the session: else whoever may do more than look would stay logged in for ever.
 */
export const UNATTENDED: Readonly<Record<string, string>> = { 'Jingwei-Unattended': '1' }

let alone = false
/** Somebody has touched the page since its last request that was use of the session. */
let touched = false

/** From now on what this page reads is marked; the first request is not, and none that follows a touch: those a hand causes. */
export function standAlone() {
  alone = true
  const touch = () => {
    touched = true
  }
  touch()
  for (const kind of ['pointerdown', 'keydown', 'wheel'])
    addEventListener(kind, touch, { capture: true, passive: true })
}

/** Headers of what is read again and again, such as tiles. */
export const headersAlone = (): Readonly<Record<string, string>> => (alone ? UNATTENDED : {})

/** Marks a request of a page that stands alone. Whatever changes something is the work of a hand. */
export function marked(request: Request): Request {
  if (!alone || request.method !== 'GET') return request
  if (touched) touched = false
  else for (const [name, value] of Object.entries(UNATTENDED)) request.headers.set(name, value)
  return request
}
