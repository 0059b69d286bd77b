// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { en as enAudit } from '../../audit/text/en.ts'
import { zh as zhAudit } from '../../audit/text/zh.ts'
import { en as enWall } from '../../wall/text/en.ts'
import { zh as zhWall } from '../../wall/text/zh.ts'
import { en } from './en.ts'
import { zh } from './zh.ts'

const parameters = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

describe.each([
  ['accounts', zh, en],
  ['audit', zhAudit, enAudit],
  ['wall', zhWall, enWall],
] as [string, Record<string, string>, Record<string, string>][])('the texts of the page: %s', (_, chinese, english) => {
  it('have the same keys and parameters in both languages', () => {
    expect(Object.keys(english)).toEqual(Object.keys(chinese))
    for (const key of Object.keys(chinese))
      expect({ key, names: parameters(english[key] ?? '') }).toEqual({ key, names: parameters(chinese[key] ?? '') })
  })

  it('have no Chinese left in English', () => {
    for (const text of Object.values(english)) expect(text).not.toMatch(/[\u3400-\u9fff]/)
  })
})

describe('the server’s policy', () => {
  const source = readFileSync(new URL('../../../../server/access/access.go', import.meta.url), 'utf8')
  const actions = [...source.matchAll(/ Action = "([a-z.]+)"/g)].map((match) => match[1] ?? '')

  it('has words for every action', () => {
    expect(actions.length).toBeGreaterThan(10)
    for (const action of actions) {
      expect(Object.keys(zh)).toContain(`right.${action}`)
      expect(Object.keys(zh)).toContain(`rightDoes.${action}`)
    }
  })

  it('has words for every action that the server writes into the log', () => {
    const folder = new URL('../../../../server/', import.meta.url)
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.go') && !name.endsWith('_test.go') && !name.startsWith('access/'))
      .map((name) => readFileSync(new URL(name, folder), 'utf8'))
    const deeds = sources.flatMap((source) =>
      [...source.matchAll(/\b(?:[Aa]ction(?::|\s*:?=)|auditKeys\(ctx,)\s*"([a-z_]+\.[a-z_]+)"/g)].map(
        (match) => match[1] ?? '',
      ),
    )
    expect(deeds.length).toBeGreaterThan(20)
    expect(deeds.filter((deed) => !(`deed.${deed}` in zhAudit))).toEqual([])
  })
})
