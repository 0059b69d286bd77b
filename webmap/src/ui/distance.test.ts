import { describe, expect, it } from 'vitest'
import { distanceM } from './distance.ts'

describe('distanceM', () => {
  it('is a degree of a meridian, a quarter of the Earth, and nothing', () => {
    expect(distanceM({ lon: 119, lat: 31 }, { lon: 119, lat: 32 })).toBeCloseTo(111_195, -1)
    expect(distanceM({ lon: 0, lat: 0 }, { lon: 90, lat: 0 })).toBeCloseTo(10_007_557, -2)
    expect(distanceM({ lon: 119.8, lat: 31.3 }, { lon: 119.8, lat: 31.3 })).toBe(0)
  })

  it('keeps a metre apart', () => {
    expect(distanceM({ lon: 119.8, lat: 31.3 }, { lon: 119.8, lat: 31.300009 })).toBeCloseTo(1, 2)
  })
})
