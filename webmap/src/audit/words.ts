import { t, word } from './text/index.ts'
import type { Entry } from './types.ts'

/** What was done, in words; its code where it is new to this page. */
export const deedOf = (action: string): string => word('deed', action)

/** Who it was: a login and, where it was no browser, the way in. */
export function actorOf({ login, via }: { login: string; via: string }): { login: string; via: string } {
  if (via === '') return { login: login || t('audit.public'), via: '' }
  return { login: login || t('audit.unknown'), via: via === 'session' ? '' : word('via', via) }
}

/** "account/0190…" as its kind in words and a short id: ids of a kind differ at their ends. A refused request names its path. */
export function thingOf({ action, object }: Pick<Entry, 'action' | 'object'>): {
  noun: string
  id: string
  short: string
} {
  if (action === 'request.refuse') return { noun: '', id: `/api/v1/${object}`, short: object }
  const at = object.indexOf('/')
  const noun = at < 0 ? object : object.slice(0, at)
  const id = at < 0 ? '' : object.slice(at + 1)
  return { noun: word('noun', noun), id, short: id.length > 20 ? `…${id.slice(-8)}` : id }
}
