import { encode } from 'uqr'
import { describe, expect, it } from 'vitest'
import { codeOf, isLoopback } from './code.ts'

/** The modules that a path fills, the slow way. */
function modulesOf(path: string, size: number): boolean[][] {
  const rows = Array.from({ length: size }, () => Array<boolean>(size).fill(false))
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    const row = rows[Number(y)] ?? []
    for (let at = Number(x); at < Number(x) + Number(width); at++) row[at] = true
  }
  return rows
}

describe('the QR code of an address', () => {
  it('has the modules of the encoder', () => {
    const text = 'https://jingwei.example/wall?layer=heat&area=320282100'
    const code = codeOf(text)
    expect(modulesOf(code?.path ?? '', code?.size ?? 0)).toEqual(encode(text, { ecc: 'M', border: 4 }).data)
  })

  it('is none where the address is too long', () => {
    expect(codeOf('x'.repeat(5000))).toBeNull()
  })
})

it.each([
  ['http://127.0.0.1:8080/wall', true],
  ['http://localhost/wall', true],
  ['http://[::1]:8080/wall', true],
  ['http://192.168.1.20/wall', false],
  ['https://127.example.org/wall', false],
])('%s works only on its machine: %s', (address, only) => {
  expect(isLoopback(address)).toBe(only)
})
