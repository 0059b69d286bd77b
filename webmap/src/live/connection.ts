import { UNATTENDED } from '../api/unattended.ts'
import { hearSession } from '../session/channel.ts'
import { readBeat } from './beat.ts'
import { begin, type Effect, type Input, type StreamState, step } from './machine.ts'
import { type SseEvent, SseParser } from './sse.ts'

/**
 * What a page hears. `downSince` is Date.now() of the loss, null while events come. `ends` is when the session of a wall
 * ends by itself, null where that is not soon.
 */
export type LiveMessage =
  | { kind: 'ends'; at: number | null }
  | { kind: 'status'; downSince: number | null }
  | { kind: 'event'; name: string; data: string }
  | { kind: 'reload' }

const EVENTS = '/api/v1/events'

const TICK_MS = 250

/**
 * Holds the stream of live events open. It reads the stream with fetch, not with EventSource: EventSource gives up for
 * good on a 503, cannot send Last-Event-ID on a new attempt, and hides the heartbeats that tell a dead connection.
 */
export class Connection {
  private state: StreamState
  private abort: AbortController | null = null
  private readonly timer: ReturnType<typeof setInterval>
  private readonly stopHearing: () => void
  private endsAt: number | null = null

  constructor(
    /** The page is a wall, which nobody touches. */
    private readonly wall: boolean,
    private readonly tell: (message: LiveMessage) => void,
  ) {
    const first = begin(Date.now())
    this.state = first.state
    this.carryOut(first.effects)
    this.timer = setInterval(() => this.input({ kind: 'tick', at: Date.now() }), TICK_MS)
    this.stopHearing = hearSession(() => this.input({ kind: 'again', at: Date.now() }))
  }

  /** What a page that comes late has to know. */
  present(): LiveMessage[] {
    return [this.status(), { kind: 'ends', at: this.endsAt }]
  }

  private status(): LiveMessage {
    return { kind: 'status', downSince: this.state.downSince }
  }

  close() {
    clearInterval(this.timer)
    this.stopHearing()
    this.abort?.abort()
    this.abort = null
  }

  private input(input: Input) {
    const next = step(this.state, input)
    this.state = next.state
    this.carryOut(next.effects)
  }

  private carryOut(effects: Effect[]) {
    for (const effect of effects) {
      if (effect === 'connect') this.connect()
      else if (effect === 'disconnect') this.abort?.abort()
      else if (effect === 'status') this.tell(this.status())
      else this.tell({ kind: 'reload' })
    }
  }

  private async connect() {
    const abort = new AbortController()
    this.abort = abort
    // A connection that was replaced or closed has nothing more to say.
    const say = (input: Input) => {
      if (this.abort === abort && !abort.signal.aborted) this.input(input)
    }
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream', ...(this.wall && UNATTENDED) }
      if (this.state.lastId !== '') headers['Last-Event-ID'] = this.state.lastId
      const response = await fetch(new URL(this.wall ? `${EVENTS}?wall=true` : EVENTS, location.origin), {
        headers,
        signal: abort.signal,
        cache: 'no-store',
      })
      if (!response.ok || !response.body) throw new Error(`the live stream answered ${response.status}`)
      say({ kind: 'opened', at: Date.now() })
      const parser = new SseParser()
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        say({ kind: 'heard', at: Date.now() })
        for (const event of parser.push(value)) this.receive(event, say)
        if (parser.lastId !== '') say({ kind: 'event', at: Date.now(), id: parser.lastId })
      }
    } catch {
      // Every failure has the same remedy: the state machine waits and connects again, and the page shows it.
    }
    say({ kind: 'failed', at: Date.now() })
  }

  private receive(event: SseEvent, say: (input: Input) => void) {
    say({ kind: 'event', at: Date.now(), id: event.id })
    if (event.name === 'beat') this.beat(event.data, say)
    else if (event.name === 'reset') this.tell({ kind: 'reload' })
    else this.tell({ kind: 'event', name: event.name, data: event.data })
  }

  private beat(data: string, say: (input: Input) => void) {
    const beat = readBeat(data)
    if (!beat) return
    say({ kind: 'beat', at: Date.now(), awayMs: beat.awayMs })
    if (beat.endsAt === this.endsAt) return
    this.endsAt = beat.endsAt
    this.tell({ kind: 'ends', at: this.endsAt })
  }
}
