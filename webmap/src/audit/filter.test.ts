import { describe, expect, it } from 'vitest'
import { type Filter, formatFilter, NO_FILTER, parseFilter, questionOf } from './filter.ts'

const filter = (changes: Partial<Filter>): Filter => ({ ...NO_FILTER, ...changes })

describe('the address of a filter', () => {
  it.each([
    filter({}),
    filter({ period: '7', login: 'zhang.wei', outcome: 'refused' }),
    filter({ period: '', from: '2026-11-01T00:00', to: '2026-11-02T08:30' }),
    filter({ action: 'grant.create', object: 'account/0190', area: '320282001', q: '=1+1&x' }),
  ])('brings back %j', (wanted) => expect(parseFilter(formatFilter(wanted))).toEqual(wanted))

  it('is empty for what is shown at first', () => expect(formatFilter(NO_FILTER)).toBe(''))

  it('leaves out what cannot be read', () => {
    expect(parseFilter('?period=99&from=yesterday&outcome=maybe&unknown=x')).toEqual(NO_FILTER)
  })

  it('cuts what the server would refuse as too long', () => {
    expect(parseFilter(`?login=${'x'.repeat(500)}`).login).toHaveLength(64)
  })
})

describe('questionOf', () => {
  const now = new Date(2026, 10, 22, 15, 30)
  const from = (changes: Partial<Filter>) => questionOf(filter(changes), now).from

  it('begins at midnight', () => {
    expect(from({ period: 'today' })).toBe(new Date(2026, 10, 22).toISOString())
    expect(from({ period: '7' })).toBe(new Date(2026, 10, 16).toISOString())
    expect(from({ period: '30' })).toBe(new Date(2026, 9, 24).toISOString())
  })

  it('takes both ends of an own span, and everything before where it has no beginning', () => {
    const question = questionOf(filter({ period: '', from: '2026-11-01T00:00', to: '2026-11-02T08:30' }), now)
    expect(question).toEqual({
      from: new Date(2026, 10, 1).toISOString(),
      to: new Date(2026, 10, 2, 8, 30).toISOString(),
    })
    expect(from({ period: '', to: '2026-11-02T08:30' })).toBe(new Date(0).toISOString())
  })

  it('asks for what is filled in only', () => {
    expect(questionOf(filter({ period: 'today', login: ' admin ', q: '  ' }), now)).toEqual({
      from: new Date(2026, 10, 22).toISOString(),
      login: 'admin',
    })
  })
})
