import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Refresh } from './refresh.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

it('loads at once, then slowly, and sooner when something happened, but not at each event', async () => {
  const refresh = new Refresh()
  const load = vi.fn(async () => {})
  refresh.add('a', { load, slowMs: 60_000, fastMs: 3000 })
  expect(load).toHaveBeenCalledTimes(1)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(load).toHaveBeenCalledTimes(1)
  for (let i = 0; i < 60; i++) {
    refresh.touch()
    await vi.advanceTimersByTimeAsync(100)
  }
  expect(load.mock.calls.length).toBe(3)
  await vi.advanceTimersByTimeAsync(3000)
  expect(load.mock.calls.length).toBe(4)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(load.mock.calls.length).toBe(5)
  refresh.stop()
  await vi.advanceTimersByTimeAsync(600_000)
  expect(load.mock.calls.length).toBe(5)
})

it('tries failures again ever later, tells since when, and that all is well again', async () => {
  const refresh = new Refresh()
  let broken = true
  const load = vi.fn(async () => {
    if (broken) throw new Error('away')
  })
  refresh.add('a', { load, slowMs: 60_000, fastMs: 3000 })
  await vi.advanceTimersByTimeAsync(0)
  expect(refresh.failedSince).toBe(1_000_000)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(refresh.failedSince).toBe(1_000_000)
  expect(load.mock.calls.length).toBeGreaterThan(4)
  expect(load.mock.calls.length).toBeLessThan(12)
  broken = false
  await vi.advanceTimersByTimeAsync(16_000)
  expect(refresh.failedSince).toBeNull()
  refresh.stop()
})

it('drops what is under way when another question is asked', async () => {
  const refresh = new Refresh()
  const signals: AbortSignal[] = []
  refresh.add('a', {
    load: (signal) => {
      signals.push(signal)
      return new Promise(() => {})
    },
    slowMs: 60_000,
    fastMs: 3000,
  })
  refresh.restart('a')
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
  refresh.pause()
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  refresh.resume()
  expect(signals.length).toBe(3)
  refresh.stop()
})
