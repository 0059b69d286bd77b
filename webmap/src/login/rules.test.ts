import { describe, expect, it } from 'vitest'
import { reason, rulesOf } from './rules.ts'

const met = (password: string, repeat = password, login = 'wang', current = 'Old-secret-9') =>
  rulesOf(password, repeat, login, current).map((rule) => rule.met)

describe('rulesOf', () => {
  it.each([
    ['', [false, false, false, false, false]],
    ['Kurz-1', [false, true, true, true, true]],
    ['allesklein zwei', [true, false, true, true, true]],
    ['ganz langer satz aus worten', [true, true, true, true, true]],
    ['Wang-Wei-2026', [true, true, false, true, true]],
    ['Old-secret-9', [true, true, true, false, true]],
    ['一二三四五六七八九十百千', [true, false, true, true, true]],
  ])('%s', (password, expected) => expect(met(password)).toEqual(expected))

  it('wants the same twice', () => expect(met('Neues-Wort-77', 'Neues-Wort-7').at(-1)).toBe(false))
})

describe('reason', () => {
  it('says the server’s reasons in the words of the page', () => {
    expect(reason('it has 3 characters, and needs 14')).toBe('至少 14 个字符')
    expect(reason('it contains the login')).toBe('不含账号名')
    expect(reason('it is easy to guess: it is made of well-known passwords')).toBe(
      '太容易猜到：由常见密码、单词、姓名、日期、重复或键盘顺序组成',
    )
    expect(reason('something quite new')).toBe('something quite new')
  })
})
