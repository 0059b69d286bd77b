import type { AccountQuery } from './types.ts'

export const STATES = ['active', 'disabled', 'locked'] as const
const ROLES = [
  'viewer',
  'worker',
  'handler',
  'dispatcher',
  'planner',
  'system_admin',
  'security_admin',
  'auditor',
] as const satisfies NonNullable<AccountQuery['role']>[]

/** All that a link to the page of accounts can carry. */
export interface AdminAddress {
  view: 'accounts' | 'roles'
  q: string
  role: (typeof ROLES)[number] | ''
  state: (typeof STATES)[number] | ''
  /** Id of the account that is open. */
  account: string
}

/** ?q=…&role=worker&state=locked&account=…  What is empty or unknown is left out. */
export function parseAddress(search: string): AdminAddress {
  const query = new URLSearchParams(search)
  const text = (name: string) => (query.get(name) ?? '').slice(0, 64)
  return {
    view: query.get('view') === 'roles' ? 'roles' : 'accounts',
    q: text('q'),
    role: ROLES.find((role) => role === query.get('role')) ?? '',
    state: STATES.find((state) => state === query.get('state')) ?? '',
    account: text('account'),
  }
}

export function formatAddress({ view, ...rest }: AdminAddress): string {
  const query = new URLSearchParams(view === 'roles' ? { view } : {})
  for (const [name, value] of Object.entries(rest)) if (value) query.set(name, value)
  const text = query.toString()
  return text && `?${text}`
}
