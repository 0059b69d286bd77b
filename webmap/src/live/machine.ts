/*
 * The state of the one stream of live events, as a pure function of what happens to it.
 *
 *   connecting --opened--> live --failed / silent--> waiting --retryAt--> connecting
 *   live --beat--> live, which says whether the server itself hears of what is new
 *   connecting --failed / silent--> waiting
 *   any --again--> connecting
 *
 * Times are milliseconds of any one clock.
 */

/** The server beats every 3 s; without a byte for this long the connection is dead, whatever TCP says. */
export const SILENCE_MS = 8_000
/** How old what is shown may be before the page says that it is stale: longer than a silence, so that both show by then. */
export const STALE_MS = 10_000
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 8_000

export interface StreamState {
  phase: 'connecting' | 'live' | 'waiting'
  /** Last-Event-ID; '' before the first event of the first stream. */
  lastId: string
  /** When the last byte came, or the attempt began. */
  heardAt: number
  /** From when on events are missing: the stream was lost, or its server has lost its own; null while they come. */
  downSince: number | null
  /** Failures since the stream was last live. */
  failures: number
  /** When to connect again; only while waiting. */
  retryAt: number
}

export type Input =
  | { kind: 'opened'; at: number }
  | { kind: 'heard'; at: number }
  | { kind: 'event'; at: number; id: string }
  /** The server lives. For `awayMs` it has not heard of new events; null while it does. */
  | { kind: 'beat'; at: number; awayMs: number | null }
  | { kind: 'failed'; at: number }
  | { kind: 'tick'; at: number }
  /** Somebody has logged in or out: the stream was opened as whoever it was before. */
  | { kind: 'again'; at: number }

/** What the caller has to do: open a connection, close the present one, tell the page its state, have it load all data anew. */
export type Effect = 'connect' | 'disconnect' | 'status' | 'reload'

export function begin(at: number): { state: StreamState; effects: Effect[] } {
  return {
    state: { phase: 'connecting', lastId: '', heardAt: at, downSince: at, failures: 0, retryAt: 0 },
    effects: ['connect', 'status'],
  }
}

export function step(state: StreamState, input: Input): { state: StreamState; effects: Effect[] } {
  const same = { state, effects: [] }
  switch (input.kind) {
    case 'opened':
      if (state.phase !== 'connecting') return same
      return {
        state: { ...state, phase: 'live', heardAt: input.at, downSince: null, failures: 0 },
        // Without a Last-Event-ID nothing is replayed, so what the page loaded before may already be old.
        effects: state.lastId === '' ? ['reload', 'status'] : ['status'],
      }
    case 'heard':
      return state.phase === 'waiting' ? same : { state: { ...state, heardAt: input.at }, effects: [] }
    case 'event':
      return { state: { ...state, heardAt: input.at, lastId: input.id || state.lastId }, effects: [] }
    case 'beat': {
      if (state.phase !== 'live') return same
      const downSince = input.awayMs === null ? null : (state.downSince ?? input.at - Math.max(0, input.awayMs))
      return {
        state: { ...state, heardAt: input.at, downSince },
        effects: downSince === state.downSince ? [] : ['status'],
      }
    }
    case 'failed':
      return state.phase === 'waiting' ? same : { state: lost(state, input.at), effects: ['status'] }
    case 'again':
      // Not from the last event on: what was missed before is another's, and the page loads all anew.
      return {
        state: { ...state, phase: 'connecting', lastId: '', heardAt: input.at, failures: 0 },
        effects: ['disconnect', 'connect'],
      }
    case 'tick':
      if (state.phase === 'waiting') {
        if (input.at < state.retryAt) return same
        return { state: { ...state, phase: 'connecting', heardAt: input.at }, effects: ['connect'] }
      }
      if (input.at - state.heardAt < SILENCE_MS) return same
      // What came after the last byte is missing already.
      return { state: lost(state, input.at, state.heardAt), effects: ['disconnect', 'status'] }
  }
}

function lost(state: StreamState, at: number, since = at): StreamState {
  const delay = Math.min(FIRST_RETRY_MS * 2 ** state.failures, LAST_RETRY_MS)
  return {
    ...state,
    phase: 'waiting',
    downSince: state.downSince ?? since,
    failures: state.failures + 1,
    retryAt: at + delay,
  }
}

/** Whether the page must say that what it shows may be old. */
export function isStale(downSince: number | null, now: number): boolean {
  return downSince !== null && now - downSince > STALE_MS
}
