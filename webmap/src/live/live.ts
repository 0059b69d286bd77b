import { Connection, type LiveMessage } from './connection.ts'
import type { TabMessage } from './shared-worker.ts'

/** Events kept while the tab is hidden (animation frames rest then); beyond it the page reloads its data instead. */
const QUEUE_LIMIT = 1000

export interface LiveEvent {
  name: string
  data: unknown
}

export interface LiveHandlers {
  /** All events of one animation frame, oldest first. */
  onEvents(events: LiveEvent[]): void
  /** What is shown may be old and cannot be mended by events: load everything anew. */
  onReload(): void
  /** From when on (Date.now()) what is shown lacks events, null while they come. */
  onStatus(downSince: number | null): void
  /** When (Date.now()) the session of a wall ends by itself, null where that is not soon. Only walls are told. */
  onEnds?(at: number | null): void
}

export interface LiveOptions {
  /** The page is a wall that nobody touches: where the account may look and nothing else, it stays logged in. */
  wall?: boolean
}

/** Follows the live events. Returns a function that stops. */
export function followLive(handlers: LiveHandlers, { wall = false }: LiveOptions = {}): () => void {
  let queue: LiveEvent[] = []
  let overflow = false
  let frame = 0

  const flush = () => {
    frame = 0
    const events = queue
    queue = []
    if (overflow) {
      overflow = false
      handlers.onReload()
    } else handlers.onEvents(events)
  }

  const hear = (message: LiveMessage) => {
    if (message.kind === 'status') handlers.onStatus(message.downSince)
    else if (message.kind === 'ends') handlers.onEnds?.(message.at)
    else if (message.kind === 'reload') handlers.onReload()
    else {
      const data = parse(message.data)
      if (data === undefined) return
      if (queue.length >= QUEUE_LIMIT) {
        queue = []
        overflow = true
      }
      if (!overflow) queue.push({ name: message.name, data })
      frame ||= requestAnimationFrame(flush)
    }
  }

  const disconnect = connect(wall, hear, () => handlers.onReload())
  return () => {
    cancelAnimationFrame(frame)
    disconnect()
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return undefined
  }
}

function connect(wall: boolean, hear: (message: LiveMessage) => void, returned: () => void): () => void {
  // Chrome on Android has no SharedWorker; there each tab has its own stream.
  if (typeof SharedWorker === 'undefined') {
    const connection = new Connection(wall, hear)
    return () => connection.close()
  }
  // The bundler reads these options: each has to stand here as it is.
  const worker = wall
    ? new SharedWorker(new URL('./shared-worker.ts', import.meta.url), { type: 'module', name: 'jingwei-live-wall' })
    : new SharedWorker(new URL('./shared-worker.ts', import.meta.url), { type: 'module', name: 'jingwei-live' })
  const say = (message: TabMessage) => worker.port.postMessage(message)
  worker.port.onmessage = (event: MessageEvent<LiveMessage>) => hear(event.data)
  worker.port.start()
  say('hello')
  const leave = () => say('bye')
  const comeBack = (event: PageTransitionEvent) => {
    if (!event.persisted) return
    say('hello')
    returned()
  }
  addEventListener('pagehide', leave)
  addEventListener('pageshow', comeBack)
  return () => {
    leave()
    removeEventListener('pagehide', leave)
    removeEventListener('pageshow', comeBack)
    worker.port.close()
  }
}
