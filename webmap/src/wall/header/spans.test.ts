import { expect, it } from 'vitest'
import { spansOf } from './spans.ts'

it.each([
  [[], ''],
  [[7], '7'],
  [[7, 8, 9, 18], '7–9, 18'],
  [[0, 1, 22, 23], '0–1, 22–23'],
])('the hours %j are written %j', (hours, text) => {
  expect(spansOf(hours)).toBe(text)
})
