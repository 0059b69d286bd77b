import { expect, it } from 'vitest'
import { classOf, heatColor, quantiles } from './ramp.ts'

it('puts about as many counts into each class, equal ones into the same', () => {
  expect(quantiles([0, 1, 2, 3, 4, 5, 6], 3)).toEqual([2, 4, 6])
  expect(quantiles([1, 1, 1, 1, 9], 6)).toEqual([1, 9])
  expect(quantiles([0, 0], 6)).toEqual([])
  expect(quantiles([7], 6)).toEqual([7])
})

it('finds the class of each count that was divided, and of others the nearest', () => {
  const counts = [1, 1, 2, 5, 8, 8, 13, 40, 41, 90]
  const ends = quantiles(counts, 4)
  const classes = counts.map((count) => classOf(count, ends))
  expect(classes).toEqual([...classes].sort((a, b) => a - b))
  expect(classes.at(0)).toBe(0)
  expect(classes.at(-1)).toBe(ends.length - 1)
  expect(classOf(1000, ends)).toBe(ends.length - 1)
})

it('gives more classes than one colours of their own', () => {
  for (const count of [2, 3, 6]) {
    expect(new Set(Array.from({ length: count }, (_, i) => heatColor(i, count))).size).toBe(count)
  }
  expect(heatColor(0, 1)).toBe(heatColor(5, 6))
})
