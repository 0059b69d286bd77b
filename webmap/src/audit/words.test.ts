import { describe, expect, it } from 'vitest'
import { actorOf, deedOf, thingOf } from './words.ts'

describe('the words of the log', () => {
  it('say what was done, and give the code where it is new', () => {
    expect([deedOf('grant.create'), deedOf('pigeon.send')]).toEqual(['授予角色', 'pigeon.send'])
  })

  it('name the way in where it was no page', () => {
    expect(actorOf({ login: 'zhou', via: 'session' })).toEqual({ login: 'zhou', via: '' })
    expect(actorOf({ login: 'hotline', via: 'token' })).toEqual({ login: 'hotline', via: '令牌' })
    expect(actorOf({ login: '', via: '' })).toEqual({ login: '公众', via: '' })
  })

  it('shorten ids to where they differ', () => {
    const object = 'account/01a201a2-6104-7a29-a92f-f3b56bd0ea17'
    expect(thingOf({ action: 'account.create', object })).toEqual({
      noun: '账号',
      id: '01a201a2-6104-7a29-a92f-f3b56bd0ea17',
      short: '…6bd0ea17',
    })
    expect(thingOf({ action: 'edition.publish', object: 'edition/3' })).toMatchObject({ noun: '区划版本', short: '3' })
    expect(thingOf({ action: 'keys.rotate', object: 'keys' })).toMatchObject({ noun: '密钥', short: '' })
  })

  it('give the path of a refused request', () => {
    expect(thingOf({ action: 'request.refuse', object: 'accounts' })).toEqual({
      noun: '',
      id: '/api/v1/accounts',
      short: 'accounts',
    })
  })
})
