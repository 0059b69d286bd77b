import { expect, test } from 'vitest'
import { formatState, parseState } from './url.ts'

test('a state comes back from its address', () => {
  for (const state of [
    { queue: 'places', kind: null },
    { queue: 'places', kind: 'outside' },
    { queue: 'places', kind: 'border' },
    { queue: 'tickets', kind: null },
  ] as const)
    expect(parseState(formatState(state))).toEqual(state)
  expect(formatState({ queue: 'places', kind: null })).toBe('')
})

test('what the page does not know is left out', () => {
  expect(parseState('?queue=x&kind=y&z=1')).toEqual({ queue: 'places', kind: null })
})
