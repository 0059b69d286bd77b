import { expect, it } from 'vitest'
import { openFilter } from '../scenes/normal.ts'
import { type Brief, newestFirst, passes, weekdayOf } from './brief.ts'

const brief: Brief = {
  id: '1',
  lon: 119.8,
  lat: 31.3,
  item: 'noise',
  item_name: '噪声',
  item_name_en: 'Noise',
  channel: 'worker',
  title: '',
  status: 'collected',
  areas: ['320282', '320282001'],
  reported_at: '2026-03-01T16:30:00Z',
}

it('knows the weekday of Shanghai', () => {
  expect(weekdayOf(Date.parse('2026-03-01T15:59:59Z'))).toBe(7)
  expect(weekdayOf(Date.parse('2026-03-01T16:00:00Z'))).toBe(1)
})

it('passes what each field allows', () => {
  expect(passes(brief, openFilter())).toBe(true)
  for (const [filter, passing] of [
    [{ items: ['noise', 'x'] }, true],
    [{ items: ['x'] }, false],
    [{ channels: ['resident'] }, false],
    [{ statuses: ['collected'] }, true],
    [{ areas: ['320282'] }, true],
    [{ areas: ['320282002'] }, false],
    [{ hours: [0] }, true],
    [{ hours: [16] }, false],
    [{ weekdays: [1] }, true],
    [{ weekdays: [7] }, false],
    [{ items: ['noise'], hours: [16] }, false],
  ] as const) {
    expect([filter, passes(brief, { ...openFilter(), ...(filter as object) })]).toEqual([filter, passing])
  }
})

it('puts the newest first', () => {
  const later = { ...brief, reported_at: '2026-03-01T16:30:00.5Z' }
  expect([brief, later].sort(newestFirst)).toEqual([later, brief])
})
