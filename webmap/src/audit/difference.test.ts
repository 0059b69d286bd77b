import { describe, expect, it } from 'vitest'
import { differences } from './difference.ts'

describe('differences', () => {
  it('tells what changed, came and went, before what stayed', () => {
    expect(differences({ name: 'a', area: 'x', old: 1 }, { area: 'x', name: 'b', now: true })).toEqual([
      { path: 'name', before: 'a', after: 'b', kind: 'changed' },
      { path: 'old', before: '1', after: undefined, kind: 'removed' },
      { path: 'now', before: undefined, after: 'true', kind: 'added' },
      { path: 'area', before: 'x', after: 'x', kind: 'same' },
    ])
  })

  it('takes objects apart and lists whole', () => {
    expect(differences(null, { filter: { login: 'x' }, scopes: ['a', 'b'], empty: {} })).toEqual([
      { path: 'filter.login', before: undefined, after: 'x', kind: 'added' },
      { path: 'scopes', before: undefined, after: '["a","b"]', kind: 'added' },
      { path: 'empty', before: undefined, after: '{}', kind: 'added' },
    ])
  })

  it('keeps null apart from nothing', () => {
    expect(differences({ until: null }, {})).toEqual([
      { path: 'until', before: 'null', after: undefined, kind: 'removed' },
    ])
  })

  it('takes a bare value', () => {
    expect(differences('a', 'b')).toEqual([{ path: '', before: 'a', after: 'b', kind: 'changed' }])
    expect(differences(null, undefined)).toEqual([])
  })
})
