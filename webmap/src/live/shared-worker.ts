/*
 * One stream for all tabs of a browser, and one for its walls: six streams over HTTP/1.1 would take every connection to the server and stall the
 * rest. The worker lives as long as any of its tabs.
 */
import { Connection, type LiveMessage } from './connection.ts'

/** What a tab tells the worker when it goes; it may come back from the back/forward cache. */
export type TabMessage = 'hello' | 'bye'

// The DOM library does not know the scope of a shared worker.
const scope = globalThis as unknown as { onconnect: (event: MessageEvent) => void; name: string }

const wall = scope.name === 'jingwei-live-wall'

const tabs = new Set<MessagePort>()
let connection: Connection | null = null

scope.onconnect = (event) => {
  const tab = event.ports[0]
  if (!tab) return
  tab.onmessage = (message: MessageEvent<TabMessage>) => {
    if (message.data === 'bye') {
      tabs.delete(tab)
      // The stream of a wall keeps somebody logged in, and so only as long as there is a wall.
      if (wall && tabs.size === 0) {
        connection?.close()
        connection = null
      }
      return
    }
    tabs.add(tab)
    connection ??= new Connection(wall, (said) => {
      for (const each of tabs) each.postMessage(said satisfies LiveMessage)
    })
    for (const said of connection.present()) tab.postMessage(said)
  }
}
