import { describe, expect, it } from 'vitest'
import { outline, ticks } from './marks.ts'

describe('ticks', () => {
  it.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [4, [0, 1, 2, 3, 4]],
    [6, [0, 2, 4, 6]],
    [7, [0, 2, 4, 6, 8]],
    [10, [0, 3, 6, 9, 12]],
    [24, [0, 10, 20, 30]],
    [1300, [0, 500, 1000, 1500]],
  ])('of a chart up to %i', (most, expected) => {
    expect(ticks(most, 3)).toEqual(expected)
  })

  it('reach every count, in few steps, and none of them is for nothing', () => {
    const wrong = Array.from({ length: 20_000 }, (_, i) => i + 1).filter((most) => {
      const all = ticks(most, 3)
      const [last = 0, before = 0] = all.toReversed()
      return all.length < 2 || all.length > 6 || last < most || before >= most
    })
    expect(wrong).toEqual([])
  })
})

it('keeps an outline within its box, also where the box is narrower than the line', () => {
  const shape = { x: 10, y: 20, width: 100, height: 14 }
  const fill = { fill: '#00f', lit: '#0ff' }
  expect(outline(0, shape, '#fff', 2, fill)).toMatchObject({ shape: { x: 11, y: 21, width: 98, height: 12 } })
  expect(outline(0, { ...shape, width: 0 }, '#fff', 2, fill)).toMatchObject({ shape: { width: 0 } })
})
