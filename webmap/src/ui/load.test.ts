import { describe, expect, it } from 'vitest'
import { useLoad } from './load.ts'

const later = <T>(value: T, ms: number) => new Promise<T>((resolve) => setTimeout(() => resolve(value), ms))

describe('useLoad', () => {
  it('keeps the answer of the last run, however late the first one comes', async () => {
    const { data, loading, run } = useLoad<string>()
    const first = run(() => later('first', 20))
    const second = run(() => later('second', 5))
    expect(loading.value).toBe(true)
    expect(await second).toBe('second')
    expect(loading.value).toBe(false)
    expect(await first).toBeNull()
    expect(data.value).toBe('second')
  })

  it('aborts the run before', async () => {
    const { run } = useLoad<string>()
    let aborted = false
    void run((signal) => {
      signal.onabort = () => {
        aborted = true
      }
      return later('x', 5)
    })
    await run(() => later('y', 1))
    expect(aborted).toBe(true)
  })

  it('keeps old data beside an error, and tries the same again', async () => {
    const { data, error, run, retry } = useLoad<string>()
    await run(() => later('old', 1))
    let broken = true
    await run(() => (broken ? Promise.reject(new Error('PostGIS is away')) : later('new', 1)))
    expect([data.value, error.value]).toEqual(['old', 'PostGIS is away'])
    broken = false
    await retry()
    expect([data.value, error.value]).toEqual(['new', null])
  })

  it('takes an abort for no failure, and forgets', async () => {
    const { data, error, loading, run, clear, retry } = useLoad<string>()
    const running = run(
      (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    )
    clear()
    expect(await running).toBeNull()
    expect([data.value, error.value, loading.value]).toEqual([null, null, false])
    expect(await retry()).toBeNull()
  })
})
