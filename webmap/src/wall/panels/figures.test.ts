import { afterEach, describe, expect, it } from 'vitest'
import { lang } from '../../i18n/index.ts'
import { difference, likelihood, oneIn, percentDone, ranks } from './figures.ts'
import { clockText, dateText, dayStart, hourOf, momentText, secondText, shortWeekday, weekdayText } from './time.ts'

afterEach(() => {
  lang.value = 'zh-CN'
})

describe('the difference of two counts', () => {
  it.each([
    [120, 100, 'more', 20, 0.2],
    [75, 100, 'less', 25, 0.25],
    [7, 7, 'same', 0, 0],
    [5, 0, 'more', 5, null],
    [0, 0, 'same', 0, null],
  ] as const)('of %i after %i is %s by %i', (now, before, way, by, share) => {
    expect(difference(now, before)).toEqual({ way, by, share })
  })
})

describe('ranks', () => {
  it('say how many places were gained or lost', () => {
    const rows = [
      { count: 9, before: 2 },
      { count: 7, before: 8 },
      { count: 1, before: 5 },
    ]
    expect(ranks(rows)).toEqual([
      { place: 1, gained: 2 },
      { place: 2, gained: -1 },
      { place: 3, gained: -1 },
    ])
  })

  it('are shared by equal counts, which then do not seem to have moved', () => {
    const rows = [
      { count: 4, before: 0 },
      { count: 4, before: 0 },
      { count: 2, before: 0 },
    ]
    expect(ranks(rows).map(({ place }) => place)).toEqual([1, 1, 3])
    expect(ranks(rows).map(({ gained }) => gained)).toEqual([0, 0, -2])
  })

  it('say nothing of before where one row does not know it', () => {
    expect(ranks([{ count: 2, before: 1 }, { count: 1 }]).map(({ gained }) => gained)).toEqual([null, null])
  })
})

describe('a likelihood', () => {
  it.each([
    [0.001, 1, 1_000],
    [0.0009, 1, 1_000],
    [0.0004, 4, 10_000],
    [0.00003, 3, 100_000],
    [0.000001, 1, 1_000_000],
    [0.0000001, 0, 1_000_000],
    [0, 0, 1_000_000],
  ])('of %d is %i of %i', (p, of, parts) => {
    expect(likelihood(p)).toEqual({ of, parts })
  })

  it('never says ten of a unit', () => {
    for (let p = 0.000002; p < 0.009; p *= 1.01) expect(likelihood(p).of).toBeLessThan(10)
  })

  it('is one in so many, to two digits', () => {
    expect(oneIn(0.0004)).toBe(2500)
    expect(oneIn(1 / 12345)).toBe(12000)
  })
})

it('is all done only at the end', () => {
  expect(percentDone({ done: 999, total: 1000 })).toBe(99)
  expect(percentDone({ done: 1000, total: 1000 })).toBe(100)
  expect(percentDone({ done: 0, total: 0 })).toBe(100)
})

describe('times', () => {
  // 2026-11-22 23:59:30 in UTC is the morning of Monday the 23rd in Shanghai.
  const at = Date.UTC(2026, 10, 22, 23, 59, 30)

  it('are those of Shanghai in both languages', () => {
    expect(clockText(at)).toBe('07:59')
    expect(secondText(at)).toBe('07:59:30')
    expect(dateText(at)).toBe('2026年11月23日')
    expect(weekdayText(at)).toBe('星期一')
    lang.value = 'en'
    expect(secondText(at)).toBe('07:59:30')
    expect(dateText(at)).toBe('November 23, 2026')
    expect(weekdayText(at)).toBe('Monday')
    expect(shortWeekday(7)).toBe('Sun')
  })

  it('name the day only where it is another one', () => {
    expect(momentText(at, at + 3_600_000)).toBe('07:59')
    expect(momentText(at, at + 86_400_000)).toBe('11/23 07:59')
  })

  it('know the midnight and the hour', () => {
    expect(new Date(dayStart(at)).toISOString()).toBe('2026-11-22T16:00:00.000Z')
    expect(dayStart(dayStart(at))).toBe(dayStart(at))
    expect(hourOf(at)).toBe(7)
    expect(hourOf(dayStart(at) - 1)).toBe(23)
  })
})
