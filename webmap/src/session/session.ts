import { computed, ref, shallowRef } from 'vue'
import { ApiError, listenForRefusals } from '../api/client.ts'
import { sessionApi } from '../api/session.ts'
import type { Account, Session } from '../api/types.ts'
import { announceSession, hearSession } from './channel.ts'

/* Who is logged in, and what they may do: the one place of the pages that knows. */

const state = shallowRef<Session | null>(null)
/** Actions by role: the server's policy. */
const policy = shallowRef<ReadonlyMap<string, readonly string[]>>(new Map())

/** What the server said last; null before its first answer. */
export const session = computed(() => state.value)
export const account = computed(() => state.value?.account ?? null)

/**
 * Why the page cannot go on by itself: the session that it was used with has ended, or its password has to be changed. Then
 * nothing is thrown away; the banner asks to log in on the spot.
 */
export const interrupted = ref<'ended' | 'change_password' | null>(null)
/** Login of the account that the page was used with last, to fill it in again. */
export const lastLogin = ref('')

/** Whether an action is allowed somewhere. */
export const may = (action: string): boolean => state.value?.actions.includes(action) ?? false

/** Whether an action is allowed at a place: `chain` is the codes of the areas that own it, from the county down. */
export const mayAt = (action: string, chain: readonly string[]): boolean =>
  holds(action, ({ area }) => chain.includes(area))

/** Whether an action is allowed in a whole county, or everywhere: what such an action is done to can belong anywhere in it. */
export const mayInCounty = (action: string): boolean => holds(action, ({ level }) => level === 'county')

/** Whether an action is allowed by a role on the whole installation, or on an area that is meant. */
function holds(action: string, meant: (role: Account['roles'][number]) => boolean): boolean {
  if (!may(action)) return false
  if (policy.value.size === 0) return true
  return (account.value?.roles ?? []).some(
    (granted) => policy.value.get(granted.role)?.includes(action) && (granted.area === '' || meant(granted)),
  )
}

/** Changes whenever somebody else is logged in, or the same account may do other things: what was loaded by rights is then loaded anew. */
export const rights = computed(() => {
  const { account, actions, areas } = state.value ?? {}
  return state.value === null ? null : JSON.stringify([account?.id ?? null, account?.roles, actions, areas])
})

let running: Promise<Session> | null = null

/** Asks the server who is logged in; calls meanwhile share the answer. */
export function loadSession(): Promise<Session> {
  running ??= ask().finally(() => {
    running = null
  })
  return running
}

async function ask(): Promise<Session> {
  const found = await sessionApi.find()
  if (found.account && policy.value.size === 0) {
    // Without the policy the server alone decides.
    const roles = await sessionApi.roles().catch(() => [])
    policy.value = new Map(roles.map(({ role, actions }) => [role, actions]))
  }
  take(found)
  return found
}

function take(found: Session) {
  const before = account.value
  state.value = found
  interrupted.value = interruption(before, found.account)
  if (found.account) lastLogin.value = found.account.login
}

function interruption(before: Account | null, now: Account | null): 'ended' | 'change_password' | null {
  if (now?.must) return 'change_password'
  if (now) return null
  return before || interrupted.value ? 'ended' : null
}

/** Takes the answer of a log-in, and tells all tabs, this one too: each then asks the server anew. */
export function tookSession(found: Session) {
  take(found)
  announceSession()
}

/** Logs out, here and in all tabs. */
export async function logOut() {
  await sessionApi.logOut().catch((error) => {
    // Whoever is not logged in any more wants nothing else.
    if (!(error instanceof ApiError && error.code === 'login_required')) throw error
  })
  state.value = null
  interrupted.value = null
  announceSession()
  await loadSession()
}

/** Address of the log-in page, which comes back to this view. */
export function loginAddress(problem = ''): string {
  const back = location.pathname + location.search + location.hash
  const query = new URLSearchParams({ ...(problem && { problem }), return: back })
  return `/login?${query}`
}

/** Logging in on the spot was asked for: the banner opens its dialog. */
export const asked = ref(false)

/**
 * What a link to the log-in page does: its address is that of the view at the click. Where a session was interrupted the page
 * is not left, because what was typed on it would be lost.
 */
export function followLogin(event: Event) {
  if (!interrupted.value) (event.currentTarget as HTMLAnchorElement).href = loginAddress()
  else if (event.type === 'click') {
    event.preventDefault()
    asked.value = true
  }
}

listenForRefusals((code) => {
  if (code === 'password_expired') interrupted.value = 'change_password'
  // The public is refused where it asks for more; that is no session that ended.
  else if (account.value) void loadSession().catch(() => {})
})
hearSession(() => void loadSession().catch(() => {}))
addEventListener('pageshow', (event) => {
  // Out of the back/forward cache comes the page as it was left.
  if (event.persisted) void loadSession().catch(() => {})
})
