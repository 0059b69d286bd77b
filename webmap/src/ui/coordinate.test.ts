import { describe, expect, it } from 'vitest'
import { parseCoordinates } from './coordinate.ts'

const yixing = [119.5, 31.1, 120.1, 31.7]

describe('parseCoordinates', () => {
  it.each([
    '119.82,31.34',
    ' 119.82 , 31.34 ',
    '119.82 31.34',
    '119.82，31.34',
    '１１９．８２，３１．３４',
    '(119.82; 31.34)',
    '[119.82, 31.34]',
    '119.82°E 31.34°N',
    'E119.82, N31.34',
    '31.34N 119.82E',
    '北纬31.34 东经119.82',
    '东经119.82度，北纬31.34度',
    `119°49'12" 31°20'24"`,
    '31°20′24″N, 119°49′12″E',
  ])('reads %s', (text) => {
    const point = parseCoordinates(text)
    expect(point).toMatchObject({ swapped: false })
    if (point === null || point === 'range') throw new Error('read')
    expect(point.lon).toBeCloseTo(119.82, 6)
    expect(point.lat).toBeCloseTo(31.34, 6)
  })

  it('sees that latitude came first where only that is possible', () => {
    expect(parseCoordinates('31.34,119.82')).toEqual({ lon: 119.82, lat: 31.34, swapped: true })
  })

  it('sees it by the areas where both orders are possible', () => {
    const vienna = [16.1, 48.1, 16.6, 48.4]
    expect(parseCoordinates('48.2,16.3', vienna)).toEqual({ lon: 16.3, lat: 48.2, swapped: true })
    expect(parseCoordinates('16.3,48.2', vienna)).toEqual({ lon: 16.3, lat: 48.2, swapped: false })
    expect(parseCoordinates('48.2,16.3')).toEqual({ lon: 48.2, lat: 16.3, swapped: false })
    expect(parseCoordinates('10,20', yixing)).toEqual({ lon: 10, lat: 20, swapped: false })
  })

  it('reads the south and the west', () => {
    expect(parseCoordinates('-70.6,-33.4')).toEqual({ lon: -70.6, lat: -33.4, swapped: false })
    expect(parseCoordinates('33.4S 70.6W')).toEqual({ lon: -70.6, lat: -33.4, swapped: false })
  })

  it.each(['200,95', '119.82,191.3', '95N 10E'])('says that %s is nowhere', (text) => {
    expect(parseCoordinates(text)).toBe('range')
  })

  it.each([
    '',
    '宜城街道',
    '320282',
    '320282001',
    '320282 001',
    '12 34',
    '119.82',
    '1,2,3',
    '31N 32N',
    'a,b',
    '119.82,',
  ])('leaves %s alone', (text) => {
    expect(parseCoordinates(text)).toBeNull()
  })
})
