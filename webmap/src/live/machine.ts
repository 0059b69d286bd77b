/*
 * The state of the one stream of live events, as a pure function of what happens to it.
 *
 *   connecting --opened--> live --failed / silent--> waiting --retryAt--> connecting
 *   connecting --failed / silent--> waiting
 *   any --again--> connecting
 *
 * Times are milliseconds of any one clock.
 */

/** The server sends a comment every 10 s; without a byte for this long the connection is dead, whatever TCP says. */
export const SILENCE_MS = 22_000
/** How long the stream may be down before the page says that its data is stale. */
export const STALE_MS = 10_000
const FIRST_RETRY_MS = 500
const LAST_RETRY_MS = 8_000

export interface StreamState {
  phase: 'connecting' | 'live' | 'waiting'
  /** Last-Event-ID; '' before the first event of the first stream. */
  lastId: string
  /** When the last byte came, or the attempt began. */
  heardAt: number
  /** When the stream was lost; null while it is live. */
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
      return { state: lost(state, input.at), effects: ['disconnect', 'status'] }
  }
}

function lost(state: StreamState, at: number): StreamState {
  const delay = Math.min(FIRST_RETRY_MS * 2 ** state.failures, LAST_RETRY_MS)
  return {
    ...state,
    phase: 'waiting',
    downSince: state.downSince ?? at,
    failures: state.failures + 1,
    retryAt: at + delay,
  }
}

/** Whether the page must say that what it shows may be old. */
export function isStale(downSince: number | null, now: number): boolean {
  return downSince !== null && now - downSince > STALE_MS
}
