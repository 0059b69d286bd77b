import { describe, expect, it } from 'vitest'
import { begin, type Input, isStale, SILENCE_MS, STALE_MS, step } from './machine.ts'

function run(...inputs: Input[]) {
  let { state, effects } = begin(0)
  const all = [effects]
  for (const input of inputs) {
    ;({ state, effects } = step(state, input))
    all.push(effects)
  }
  return { state, effects: all, last: effects }
}

describe('the live stream', () => {
  it('connects, opens, and has the page load what may have changed before', () => {
    const { state, effects } = run({ kind: 'opened', at: 40 })
    expect(effects).toEqual([
      ['connect', 'status'],
      ['reload', 'status'],
    ])
    expect(state).toMatchObject({ phase: 'live', downSince: null })
  })

  it('keeps the last id over a loss and does not reload when the server can replay', () => {
    const { state, last } = run(
      { kind: 'opened', at: 1 },
      { kind: 'event', at: 2, id: '41' },
      { kind: 'event', at: 3, id: '' },
      { kind: 'failed', at: 4 },
      { kind: 'tick', at: 600 },
      { kind: 'opened', at: 610 },
    )
    expect(state.lastId).toBe('41')
    expect(last).toEqual(['status'])
  })

  it('waits longer after each failure, up to 8 s, and starts anew after success', () => {
    const delays: number[] = []
    let { state } = begin(0)
    for (let at = 0, i = 0; i < 7; i++) {
      state = step(state, { kind: 'failed', at }).state
      delays.push(state.retryAt - at)
      expect(step(state, { kind: 'tick', at: state.retryAt - 1 }).effects).toEqual([])
      at = state.retryAt
      const next = step(state, { kind: 'tick', at })
      expect(next.effects).toEqual(['connect'])
      state = next.state
    }
    expect(delays).toEqual([500, 1000, 2000, 4000, 8000, 8000, 8000])
    state = step(state, { kind: 'opened', at: 1 }).state
    expect(state.failures).toBe(0)
  })

  it('gives up a connection that is silent', () => {
    const { last, state } = run(
      { kind: 'opened', at: 0 },
      { kind: 'heard', at: 5000 },
      { kind: 'tick', at: 5000 + SILENCE_MS },
    )
    expect(last).toEqual(['disconnect', 'status'])
    expect(state).toMatchObject({ phase: 'waiting', downSince: 5000 })
  })

  it('counts the time down of a silent connection from the last byte, and says stale within 10 s of it', () => {
    let { state } = run({ kind: 'opened', at: 0 }, { kind: 'beat', at: 3000, awayMs: null })
    let told = 0
    for (let at = 3250; told === 0; at += 250) {
      state = step(state, { kind: 'tick', at }).state
      if (isStale(state.downSince, at)) told = at
    }
    expect(told).toBe(3000 + STALE_MS + 250)
  })

  it('is down while its server hears of nothing, from when that began, and up again with it', () => {
    let { state } = run({ kind: 'opened', at: 0 })
    const beat = (at: number, awayMs: number | null) => {
      const next = step(state, { kind: 'beat', at, awayMs })
      state = next.state
      return next.effects
    }
    expect(beat(3000, null)).toEqual([])
    expect(beat(6000, 1500)).toEqual(['status'])
    expect(state).toMatchObject({ phase: 'live', downSince: 4500, heardAt: 6000 })
    expect(beat(9000, 4400)).toEqual([])
    expect(state.downSince).toBe(4500)
    expect(isStale(state.downSince, 4500 + STALE_MS + 1)).toBe(true)
    expect(beat(12_000, null)).toEqual(['status'])
    expect(state.downSince).toBeNull()
    beat(15_000, 0)
    expect(step(state, { kind: 'failed', at: 16_000 }).state.downSince).toBe(15_000)
    expect(beat(18_000, -5)).toEqual([])
    expect(state.downSince).toBe(15_000)
  })

  it('is not up because a connection that is closed still beats', () => {
    const { state } = run({ kind: 'opened', at: 0 }, { kind: 'failed', at: 1 })
    expect(step(state, { kind: 'beat', at: 2, awayMs: null }).state).toBe(state)
  })

  it('gives up an attempt that never answers', () => {
    expect(run({ kind: 'tick', at: SILENCE_MS }).last).toEqual(['disconnect', 'status'])
  })

  it('counts the time down from the first loss', () => {
    const { state } = run(
      { kind: 'opened', at: 0 },
      { kind: 'failed', at: 100 },
      { kind: 'tick', at: 600 },
      { kind: 'failed', at: 700 },
    )
    expect(state.downSince).toBe(100)
    expect(isStale(state.downSince, 100 + STALE_MS)).toBe(false)
    expect(isStale(state.downSince, 101 + STALE_MS)).toBe(true)
    expect(isStale(null, 1e9)).toBe(false)
  })

  it('begins anew, as whoever is logged in now, without saying that it was lost', () => {
    const { state, last } = run(
      { kind: 'opened', at: 0 },
      { kind: 'event', at: 10, id: '7' },
      { kind: 'again', at: 20 },
    )
    expect(last).toEqual(['disconnect', 'connect'])
    expect([state.phase, state.lastId, state.downSince]).toEqual(['connecting', '', null])
    expect(step(state, { kind: 'opened', at: 30 }).effects).toEqual(['reload', 'status'])
    expect(step(state, { kind: 'failed', at: 30 }).state.downSince).toBe(30)
  })

  it('ignores what a closed connection still says', () => {
    const { state } = run({ kind: 'failed', at: 1 })
    expect(step(state, { kind: 'failed', at: 2 }).state).toBe(state)
    expect(step(state, { kind: 'opened', at: 2 }).state).toBe(state)
    expect(step(state, { kind: 'heard', at: 2 }).state).toBe(state)
  })
})
