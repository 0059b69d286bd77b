import { describe, expect, it } from 'vitest'
import { type Box, overlaps, place } from './collide.ts'

const box = (x: number, y: number, width = 40, height = 16): Box => ({ x, y, width, height })

describe('place', () => {
  it('keeps the first of two that overlap', () => {
    const first = box(100, 100)
    const third = box(200, 100)
    expect(place([first, box(120, 104), third])).toEqual([first, third])
  })

  it('lets boxes touch', () => {
    expect(place([box(0, 0), box(40, 0), box(0, 16)])).toHaveLength(3)
  })

  it('sees overlaps across buckets and left of zero', () => {
    expect(place([box(-10, -10, 200, 200), box(80, 80)])).toHaveLength(1)
  })

  it('agrees with comparing every pair', () => {
    let seed = 7
    const random = () => {
      seed = (seed * 1103515245 + 12345) % 2147483648
      return seed / 2147483648
    }
    const boxes = Array.from({ length: 800 }, () =>
      box(random() * 1500, random() * 900, 20 + random() * 120, 10 + random() * 30),
    )
    const slow: Box[] = []
    for (const each of boxes) if (!slow.some((other) => overlaps(each, other))) slow.push(each)
    expect(place(boxes)).toEqual(slow)
  })
})
