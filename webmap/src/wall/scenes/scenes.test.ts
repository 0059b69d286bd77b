import { describe, expect, it } from 'vitest'
import type { SavedScene } from '../state/types.ts'
import { draftOf, savedOf } from './api.ts'
import { firstScene, normalScene, sameButView } from './normal.ts'
import { movedBy } from './order.ts'

describe('a stored scene', () => {
  it('is taken as it is where this page wrote it', () => {
    const scene = {
      ...firstScene(),
      view: { lon: 119.8, lat: 31.3, zoom: 12 },
      layer: 'areas',
      level: 'grid',
      period: '7d',
      filter: {
        items: ['noise'],
        channels: ['worker'],
        statuses: ['closed'],
        areas: ['3'],
        hours: [1, 2],
        weekdays: [7],
      },
      panels: ['today', 'unusual'],
    }
    expect(normalScene(JSON.parse(JSON.stringify(scene)))).toEqual(scene)
  })

  it.each([null, undefined, 5, 'heat', [], {}])('is the first scene where %j is stored', (config) => {
    expect(normalScene(config)).toEqual(firstScene())
  })

  it('of an older page has what that page did not know as in the first scene', () => {
    const scene = normalScene({ layer: 'points', filter: { items: ['noise'] } })
    expect(scene).toEqual({ ...firstScene(), layer: 'points', filter: { ...firstScene().filter, items: ['noise'] } })
  })

  it('of a newer page keeps only what this page can show', () => {
    const scene = normalScene({
      layer: 'wind',
      level: 'street',
      period: '1y',
      panels: ['stream', 'moon', 'today', 'today'],
      filter: { items: ['noise', 7, '', 'noise'], hours: [25, -1, 3, 3, 1.5, '4'], weekdays: [0, 8, 1], areas: 'all' },
      view: { lon: 200, lat: 0, zoom: 3 },
    })
    expect(scene).toEqual({
      ...firstScene(),
      panels: ['today', 'stream'],
      filter: { ...firstScene().filter, items: ['noise'], hours: [3], weekdays: [1] },
    })
  })

  it('without panels shows none', () => {
    expect(normalScene({ panels: [] }).panels).toEqual([])
  })

  it('never shares its lists with another', () => {
    normalScene({}).filter.items.push('noise')
    expect(normalScene({}).filter.items).toEqual([])
  })
})

it('two scenes are the same but for the place on the map', () => {
  const scene = firstScene()
  expect(sameButView(scene, { ...scene, view: { lon: 1, lat: 2, zoom: 3 } })).toBe(true)
  expect(sameButView(scene, { ...scene, layer: 'none' })).toBe(false)
})

describe('a change of a scene', () => {
  const saved: SavedScene = savedOf({
    id: 'a',
    name: '全市',
    name_en: 'City',
    seconds: 30,
    in_rotation: true,
    position: 0,
    config: { layer: 'wind', sound: 'rain' },
    updated_at: '2026-11-22T00:00:00Z',
    updated_by: 'demo',
    version: 3,
  })

  it('keeps what only a newer page knows, unless the view is replaced', () => {
    expect(draftOf(saved, { name: '夜间' })).toEqual({
      name: '夜间',
      name_en: 'City',
      seconds: 30,
      in_rotation: true,
      config: { layer: 'wind', sound: 'rain' },
    })
    expect(draftOf(saved, { config: firstScene() }).config).toEqual(firstScene())
  })
})

describe('a scene that is moved', () => {
  it.each([
    [0, 1, 'bacd'],
    [3, -2, 'adbc'],
    [1, -5, 'bacd'],
    [2, 9, 'abdc'],
    [2, 0, 'abcd'],
  ])('from %i by %i makes %s', (index, by, expected) => {
    const list = [...'abcd']
    expect(movedBy(list, index, by).join('')).toBe(expected)
    expect(list.join('')).toBe('abcd')
  })
})
