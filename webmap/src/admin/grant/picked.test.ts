import { describe, expect, it } from 'vitest'
import { type PickedArea, pick, upTo } from './picked.ts'

const chain: PickedArea[] = [
  { code: '320282', name: '宜兴市', level: 'county' },
  { code: '320282001', name: '宜城街道', level: 'town' },
  { code: '320282001001', name: '茶东社区', level: 'community' },
]
const codes = (picked: readonly PickedArea[] | null) => picked?.map(({ code }) => code) ?? null

describe('upTo', () => {
  it('ends with the area of the level', () => {
    expect(codes(upTo(chain, 'town'))).toEqual(['320282', '320282001'])
  })

  it('takes the finest that there is where the place is not divided further', () => {
    expect(codes(upTo(chain, 'micro'))).toEqual(['320282', '320282001', '320282001001'])
  })

  it('finds nothing outside all boundaries', () => {
    expect(upTo([], 'micro')).toBeNull()
  })
})

describe('pick', () => {
  it('takes the level at the first click and goes one down at the second', () => {
    const first = pick(chain, 'town', null)
    expect(codes(first)).toEqual(['320282', '320282001'])
    const second = pick(chain, 'town', first)
    expect(codes(second)).toEqual(['320282', '320282001', '320282001001'])
  })

  it('stays where nothing lies below', () => {
    const all = pick(chain, 'micro', null)
    expect(codes(pick(chain, 'micro', all))).toEqual(codes(all))
  })

  it('takes the level again beside what is chosen', () => {
    const beside = upTo(
      [
        { code: '320282', name: '宜兴市', level: 'county' },
        { code: '320282002', name: '屺亭街道', level: 'town' },
      ],
      'town',
    )
    expect(codes(pick(chain, 'town', beside))).toEqual(['320282', '320282001'])
  })
})
