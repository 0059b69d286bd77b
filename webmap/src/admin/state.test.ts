import { describe, expect, it } from 'vitest'
import { conflictOf, dayOf, endOfDay, hasExpired, standing } from './state.ts'
import type { Account, Grant } from './types.ts'

const NOW = Date.parse('2026-11-22T04:00:00Z')
const account = (changes: Partial<Account>): Account => ({
  id: '1',
  login: 'zhou',
  name: '周',
  kind: 'person',
  roles: [],
  disabled: false,
  locked_until: null,
  second_factor: false,
  single_sign_on: false,
  demo: false,
  created_at: '2026-01-01T00:00:00Z',
  last_login_at: null,
  version: 1,
  ...changes,
})
const grant = (role: string): Grant => ({
  id: role,
  role,
  area: '',
  area_name: '',
  level: '',
  expires_at: null,
  granted_by: 'x',
  granted_at: '2026-01-01T00:00:00Z',
})

describe('standing', () => {
  it('ends a lock by itself', () => {
    expect(standing(account({ locked_until: '2026-11-22T04:00:01Z' }), NOW)).toBe('locked')
    expect(standing(account({ locked_until: '2026-11-22T04:00:00Z' }), NOW)).toBe('active')
  })

  it('tells first what does not end by itself', () => {
    expect(standing(account({ disabled: true, locked_until: '2026-11-22T05:00:00Z' }), NOW)).toBe('disabled')
  })
})

describe('the last day of a grant', () => {
  it('counts as a whole', () => {
    const end = endOfDay('2026-12-31')
    expect(end).toEqual(new Date(2027, 0, 1))
    expect(hasExpired(end?.toISOString() ?? null, new Date(2026, 11, 31, 23, 59).getTime())).toBe(false)
    expect(hasExpired(end?.toISOString() ?? null, new Date(2027, 0, 1).getTime())).toBe(true)
  })

  it('is no day where nothing is filled in', () => expect([endOfDay(''), endOfDay('soon')]).toEqual([null, null]))

  it('comes back from the field', () => expect(dayOf(new Date(2026, 0, 5, 23, 59))).toBe('2026-01-05'))
})

describe('conflictOf', () => {
  const administrators = new Set(['system_admin', 'security_admin', 'auditor'])
  const conflict = (role: string, changes: Partial<Account>) =>
    conflictOf({ role, administrator: administrators.has(role) }, account(changes), administrators)

  it.each([
    ['worker', [], null],
    ['worker', ['viewer', 'worker'], null],
    ['auditor', [], null],
    ['auditor', ['viewer'], 'has_others'],
    ['viewer', ['auditor'], 'has_administrator'],
    ['security_admin', ['auditor'], 'has_administrator'],
  ] as const)('of %s beside %j is %j', (role, held, wanted) =>
    expect(conflict(role, { roles: held.map(grant) })).toBe(wanted),
  )

  it('lets no machine manage accounts', () => {
    expect(conflict('security_admin', { kind: 'machine' })).toBe('machine')
    expect(conflict('auditor', { kind: 'machine' })).toBeNull()
  })
})
