import { expect, it } from 'vitest'
import { splitName } from './split-name.ts'

it.each([
  ['宜城街道', ['宜城街道']],
  ['宜兴经济开发区', ['宜兴经济开发区']],
  ['宜兴经济技术开发区', ['宜兴经济技', '术开发区']],
  ['Los Angeles', ['Los Angeles']],
  ['Prince George’s County', ['Prince George’s', 'County']],
  ['Llanfairpwllgwyngyll', ['Llanfairpwllgwyngyll']],
])('splits %s', (name, lines) => {
  expect(splitName(name)).toEqual(lines)
})
