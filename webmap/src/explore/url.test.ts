import { describe, expect, it } from 'vitest'
import { formatHash, type PageState, parseHash } from './url.ts'

const full: PageState = {
  view: { lon: 119.8233, lat: 31.3406, zoom: 15 },
  pin: { lon: 119.823301, lat: 31.340612 },
  area: '320282001002',
  incident: '0199a2c4-0000-7000-8000-000000000000',
  lang: 'en',
}
const none: PageState = { view: null, pin: null, area: null, incident: null, lang: null }

describe('the address of the page', () => {
  it('keeps everything there and back', () => {
    expect(formatHash(full)).toBe(
      '#at=119.82330,31.34060,15&pin=119.823301,31.340612&area=320282001002&incident=0199a2c4-0000-7000-8000-000000000000&lang=en',
    )
    expect(parseHash(formatHash(full))).toEqual(full)
    expect(parseHash(formatHash(none))).toEqual(none)
  })

  it('keeps half zooms and rounds others', () => {
    expect(parseHash('#at=1,2,9.5').view?.zoom).toBe(9.5)
    expect(parseHash('#at=1,2,9.3').view?.zoom).toBe(9.5)
  })

  it('keeps codes of any characters', () => {
    const area = 'A&b=#c/海'
    expect(parseHash(formatHash({ ...none, area })).area).toBe(area)
  })

  it.each([
    '#at=1,2',
    '#at=200,10,5',
    '#at=1,2,x',
    '#at=,,',
    '#at=1,2,99',
    '#pin=1,91',
    '#pin=1e999,2',
    '#lang=fr',
    `#area=${'9'.repeat(65)}`,
    '#%E0%A4%A',
  ])('leaves out what it cannot read in %s', (hash) => {
    expect(parseHash(hash)).toEqual(none)
  })
})
