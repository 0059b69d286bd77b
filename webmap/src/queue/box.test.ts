import { expect, test } from 'vitest'
import { distanceM } from '../ui/distance.ts'
import { boxAround, boxOf } from './box.ts'

test('a box reaches as far as it says, in each direction', () => {
  const place = { lon: 119.8, lat: 31.3 }
  const [west, south, east, north] = boxAround(place, 500)
  for (const edge of [
    { lon: west, lat: place.lat },
    { lon: east, lat: place.lat },
    { lon: place.lon, lat: south },
    { lon: place.lon, lat: north },
  ])
    expect(Math.abs(distanceM(place, edge) - 500)).toBeLessThan(2)
})

test('the box of several places holds each with its surroundings; of none there is none', () => {
  const first = { lon: 119.8, lat: 31.3 }
  const second = { lon: 119.9, lat: 31.2 }
  const box = boxOf([first, second], 100)
  expect(box).toEqual([
    boxAround(first, 100)[0],
    boxAround(second, 100)[1],
    boxAround(second, 100)[2],
    boxAround(first, 100)[3],
  ])
  expect(boxOf([], 100)).toBeNull()
})
