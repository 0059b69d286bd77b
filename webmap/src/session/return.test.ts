import { describe, expect, it } from 'vitest'
import { safeReturn } from './return.ts'

const ORIGIN = 'https://grid.example'

describe('safeReturn', () => {
  it.each(['/', '/account', '/#at=119.82,31.34,15&incident=0190', '/audit?from=2026-01-01&q=%2F%2Fx'])(
    'keeps the local address %s',
    (address) => expect(safeReturn(address, ORIGIN)).toBe(address),
  )

  it.each([
    null,
    '',
    'account',
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    'javascript:alert(1)',
    '\\\\evil.example',
    ' //evil.example',
    '/login?return=/login',
  ])('goes home instead of %j', (address) => expect(safeReturn(address, ORIGIN)).toBe('/'))
})
