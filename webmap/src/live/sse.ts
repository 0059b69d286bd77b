/** One event of a text/event-stream, as WHATWG HTML § 9.2 defines it. */
export interface SseEvent {
  /** Value of the last `id:` line of the stream up to this event; '' before the first. */
  id: string
  name: string
  data: string
}

/**
 * Reads a text/event-stream piece by piece. Pieces may end anywhere, also inside a line. `retry:` is not read: the
 * reconnect times are ours (machine.ts).
 */
export class SseParser {
  /** The id up to which the stream has come: also a block of an id alone moves it on. */
  lastId = ''
  private rest = ''
  private id = ''
  private name = ''
  private data: string[] = []

  /** Returns the events that this piece completes. */
  push(piece: string): SseEvent[] {
    const events: SseEvent[] = []
    const text = this.rest + piece
    // A \r at the very end may be the first half of \r\n: it waits for the next piece.
    const end = text.endsWith('\r') ? text.length - 1 : text.length
    const lines = text.slice(0, end).split(/\r\n|\n|\r/)
    this.rest = (lines.pop() ?? '') + text.slice(end)
    for (const line of lines) {
      if (line === '') this.finish(events)
      else this.field(line)
    }
    return events
  }

  private field(line: string) {
    const colon = line.indexOf(':')
    if (colon === 0) return
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'event') this.name = value
    else if (field === 'data') this.data.push(value)
    else if (field === 'id' && !value.includes('\0')) this.id = value
  }

  private finish(events: SseEvent[]) {
    this.lastId = this.id
    if (this.data.length > 0) events.push({ id: this.id, name: this.name || 'message', data: this.data.join('\n') })
    this.name = ''
    this.data = []
  }
}
