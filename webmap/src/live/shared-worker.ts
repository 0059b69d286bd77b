/*
 * One stream for all tabs of a browser: six streams over HTTP/1.1 would take every connection to the server and stall the
 * rest. The worker lives as long as any of its tabs.
 */
import { Connection, type LiveMessage } from './connection.ts'

/** What a tab tells the worker when it goes; it may come back from the back/forward cache. */
export type TabMessage = 'hello' | 'bye'

// The DOM library does not know the scope of a shared worker.
const scope = globalThis as unknown as { onconnect: (event: MessageEvent) => void; location: Location }

const tabs = new Set<MessagePort>()
let connection: Connection | null = null

scope.onconnect = (event) => {
  const tab = event.ports[0]
  if (!tab) return
  tab.onmessage = (message: MessageEvent<TabMessage>) => {
    if (message.data === 'bye') {
      tabs.delete(tab)
      return
    }
    tabs.add(tab)
    connection ??= new Connection(new URL('/api/v1/events', scope.location.origin).href, (said) => {
      for (const each of tabs) each.postMessage(said satisfies LiveMessage)
    })
    tab.postMessage(connection.status())
  }
}
