import { isAbort } from '../../api/client.ts'

const TICK_MS = 500
const FIRST_RETRY_MS = 1000
const LAST_RETRY_MS = 15_000

export interface Task {
  /** Loads and shows; fails with an error that is tried again, or AbortError. */
  load(signal: AbortSignal): Promise<void>
  /** Longest and, when something has happened, shortest time between two loads, milliseconds. */
  slowMs: number
  fastMs: number
}

interface State {
  task: Task
  running: AbortController | null
  /** Something has happened since the last load began. */
  dirty: boolean
  began: number
  failures: number
  retryAt: number
}

/**
 * Loads what a page shows, again and again: on a slow timer, sooner when told that something has happened, and after failures ever
 * later, but for ever. All run beside each other, each only once at a time.
 */
export class Refresh {
  private readonly states = new Map<string, State>()
  private readonly timer: ReturnType<typeof setInterval>
  private active = true
  /** Since when something could not be loaded; null while all is well. */
  failedSince: number | null = null

  constructor(private readonly now: () => number = Date.now) {
    this.timer = setInterval(() => this.tick(), TICK_MS)
  }

  add(name: string, task: Task) {
    const state = { task, running: null, dirty: true, began: Number.NEGATIVE_INFINITY, failures: 0, retryAt: 0 }
    this.states.set(name, state)
    if (this.active) void this.run(state)
  }

  remove(name: string) {
    this.states.get(name)?.running?.abort()
    this.states.delete(name)
    this.settle()
  }

  /** Something has happened: all, or those named, are loaded as soon as they may. */
  touch(...names: string[]) {
    for (const [name, state] of this.states) if (names.length === 0 || names.includes(name)) state.dirty = true
  }

  /** What is loaded is for another question: asks anew at once. */
  restart(...names: string[]) {
    for (const [name, state] of this.states) {
      if (names.length > 0 && !names.includes(name)) continue
      state.running?.abort()
      Object.assign(state, { running: null, failures: 0, retryAt: 0, dirty: true })
      if (this.active) void this.run(state)
    }
    this.settle()
  }

  /** Loads nothing until resume. */
  pause() {
    this.active = false
    for (const state of this.states.values()) {
      state.running?.abort()
      Object.assign(state, { running: null, failures: 0, retryAt: 0 })
    }
    this.settle()
  }

  resume() {
    if (this.active) return
    this.active = true
    this.restart()
  }

  stop() {
    clearInterval(this.timer)
    this.pause()
    this.states.clear()
  }

  private tick() {
    if (!this.active) return
    const now = this.now()
    for (const state of this.states.values()) {
      if (state.running) continue
      const { failures, retryAt, dirty, began, task } = state
      const due = failures > 0 ? now >= retryAt : now - began >= (dirty ? task.fastMs : task.slowMs)
      if (due) void this.run(state)
    }
  }

  private async run(state: State) {
    const abort = new AbortController()
    Object.assign(state, { running: abort, dirty: false, began: this.now() })
    const current = () => state.running === abort
    try {
      await state.task.load(abort.signal)
      if (!current()) return
      Object.assign(state, { running: null, failures: 0 })
    } catch (error) {
      if (!current()) return
      state.running = null
      if (isAbort(error)) return
      state.retryAt = this.now() + Math.min(FIRST_RETRY_MS * 2 ** state.failures, LAST_RETRY_MS)
      state.failures++
    }
    this.settle()
  }

  private settle() {
    const failing = [...this.states.values()].some(({ failures }) => failures > 0)
    this.failedSince = failing ? (this.failedSince ?? this.now()) : null
  }
}
