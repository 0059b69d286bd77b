import type { Account } from './types.ts'

/** How an account stands, as one word: what it may not do now comes first. */
export function standing(account: Account, now: number): 'disabled' | 'locked' | 'active' {
  if (account.disabled) return 'disabled'
  return account.locked_until && Date.parse(account.locked_until) > now ? 'locked' : 'active'
}

export const hasExpired = (at: string | null, now: number): boolean => at !== null && Date.parse(at) <= now

/** The end of a day in the browser's time zone, from "2026-12-31"; null where that is no day. */
export function endOfDay(day: string): Date | null {
  const [, year, month, date] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day) ?? []
  if (!year) return null
  const end = new Date(Number(year), Number(month) - 1, Number(date) + 1)
  return Number.isNaN(end.getTime()) ? null : end
}

/** "2026-12-31" of an instant, in the browser's time zone: what a date field takes. */
export function dayOf(at: Date): string {
  const two = (n: number) => `${n}`.padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}

/**
 * Why a role cannot be granted to an account: the three administrators are three accounts, an administrator is nothing else, and a security
 * administrator is a person. Null where nothing stands against it.
 */
export function conflictOf(
  role: { role: string; administrator: boolean },
  { kind, roles: held }: Pick<Account, 'kind' | 'roles'>,
  administrators: ReadonlySet<string>,
): 'machine' | 'has_administrator' | 'has_others' | null {
  if (role.role === 'security_admin' && kind === 'machine') return 'machine'
  if (held.some((grant) => administrators.has(grant.role))) return 'has_administrator'
  return role.administrator && held.length > 0 ? 'has_others' : null
}
