/*
 * Tabs tell each other that somebody has logged in or out. The live stream hears it too (live/connection.ts), also in the
 * shared worker, because its connection was opened as whoever was logged in before. Nothing but the fact is said.
 */
const NAME = 'jingwei-session'

/** Calls back when another tab, or another part of this one, has logged in or out. Returns a function that stops. */
export function hearSession(listener: () => void): () => void {
  const channel = new BroadcastChannel(NAME)
  channel.onmessage = listener
  return () => channel.close()
}

export function announceSession() {
  const channel = new BroadcastChannel(NAME)
  channel.postMessage('changed')
  channel.close()
}
