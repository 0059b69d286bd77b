import { afterEach, describe, expect, expectTypeOf, it } from 'vitest'
import { en } from './en.ts'
import { formatCount, formatDistance, formatDuration, formatInstant, formatMoment, formatSecond } from './format.ts'
import { chooseLang, type Key, lang, t, word } from './index.ts'
import { zh } from './zh.ts'

const parameters = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

afterEach(() => chooseLang('zh-CN'))

describe('the dictionary', () => {
  it('has the same keys and parameters in both languages', () => {
    expect(Object.keys(en)).toEqual(Object.keys(zh))
    for (const key of Object.keys(zh) as Key[])
      expect({ key, names: parameters(en[key]) }).toEqual({ key, names: parameters(zh[key]) })
  })

  it('has no Chinese left in English but the brand', () => {
    for (const [key, text] of Object.entries(en)) if (key !== 'app.brand') expect(text).not.toMatch(/[\u3400-\u9fff]/)
  })

  it('fills parameters in and changes language at once', () => {
    expect(t('app.edition', { number: 3 })).toBe('第 3 版区划')
    chooseLang('en')
    expect(t('app.edition', { number: 3 })).toBe('Edition 3')
    expect(document.documentElement.lang).toBe('zh-CN')
  })

  it('remembers the language', () => {
    chooseLang('en')
    expect(localStorage.getItem('jingwei.lang')).toBe('en')
    expect(lang.value).toBe('en')
  })

  it('does not compile without a parameter', () => {
    expectTypeOf(t<'app.edition'>).parameters.toEqualTypeOf<['app.edition', Record<'number', string | number>]>()
    expectTypeOf(t<'app.close'>).parameters.toEqualTypeOf<['app.close']>()
  })

  it('shows a word of the server that it does not know as it is', () => {
    expect(word('channel', 'worker')).toBe('网格员')
    expect(word('channel', 'pigeon')).toBe('pigeon')
  })
})

describe('formats', () => {
  it('writes numbers and distances in the language', () => {
    expect([formatCount(1234567), formatDistance(350), formatDistance(1234), formatDistance(2.34)]).toEqual([
      '1,234,567',
      '350米',
      '1.23公里',
      '2.3米',
    ])
    chooseLang('en')
    expect([formatDistance(350), formatDistance(50_000), formatDuration(15_000), formatDuration(200_000)]).toEqual([
      '350 m',
      '50 km',
      '15 seconds',
      '3 minutes',
    ])
  })

  it('writes a moment as short as it can', () => {
    const now = new Date(2026, 10, 21, 18, 0)
    expect(formatMoment(new Date(2026, 10, 21, 9, 5).toISOString(), now)).toBe('09:05')
    expect(formatMoment(new Date(2026, 2, 1, 9, 5).toISOString(), now)).toBe('03/01 09:05')
    expect(formatMoment(new Date(2025, 2, 1).toISOString(), now)).toBe('2025/3/1')
  })

  it('writes a time of a log to the second, and all of it to the millisecond with its zone', () => {
    const at = new Date(2026, 10, 2, 9, 5, 7, 80).toISOString()
    expect(formatSecond(at)).toBe('2026年11月2日 09:05:07')
    expect(formatInstant(at)).toMatch(/^2026年11月2日 09:05:07\.080 GMT/)
    chooseLang('en')
    expect(formatSecond(at)).toBe('Nov 2, 2026, 09:05:07')
    expect(formatInstant(at)).toMatch(/^November 2, 2026 09:05:07\.080 GMT/)
  })
})
