import { describe, expect, it } from 'vitest'
import { type AdminAddress, formatAddress, parseAddress } from './url.ts'

const empty: AdminAddress = { view: 'accounts', q: '', role: '', state: '', account: '' }

describe('the address of the page of accounts', () => {
  it.each<AdminAddress>([
    empty,
    { ...empty, view: 'roles' },
    { view: 'accounts', q: '周 & =1', role: 'security_admin', state: 'locked', account: '0190-ab' },
  ])('brings back %j', (address) => expect(parseAddress(formatAddress(address))).toEqual(address))

  it('leaves out what there is not', () => {
    expect(parseAddress('?view=x&role=king&state=asleep&account=&y=1')).toEqual(empty)
  })
})
