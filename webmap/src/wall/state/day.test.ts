import { expect, it } from 'vitest'
import { clockOf, DAY_MS, dayBefore, dayOf, hourOf, isDay, startOf } from './day.ts'

it('knows the days of Shanghai in any zone', () => {
  const at = Date.parse('2026-03-01T15:59:59Z')
  expect([dayOf(at), hourOf(at), clockOf(at)]).toEqual(['2026-03-01', 23, '23:59:59'])
  expect([dayOf(at + 1000), hourOf(at + 1000), clockOf(at + 1000)]).toEqual(['2026-03-02', 0, '00:00:00'])
  expect(startOf('2026-03-02')).toBe(at + 1000)
  expect(startOf(dayOf(at)) + DAY_MS).toBe(at + 1000)
})

it('goes back over months', () => {
  expect(dayBefore('2026-03-01')).toBe('2026-02-28')
  expect(dayBefore('2024-03-01')).toBe('2024-02-29')
})

it('takes only days that exist', () => {
  expect(isDay('2026-02-28')).toBe(true)
  for (const text of ['2026-02-29', '2026-2-1', '', null, 'x2026-02-28', '2026-13-01']) expect(isDay(text)).toBe(false)
})
