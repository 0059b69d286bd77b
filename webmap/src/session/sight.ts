import { computed } from 'vue'
import { account, may, session } from './session.ts'

/**
 * Whether incidents may be shown: `nobody` when nobody is logged in, `never` when the account has no role that sees them, and
 * `unknown` until the server has said who is logged in.
 */
export const sight = computed<'unknown' | 'nobody' | 'never' | 'some'>(() => {
  if (!session.value) return 'unknown'
  if (may('incident.read')) return 'some'
  return account.value ? 'never' : 'nobody'
})
