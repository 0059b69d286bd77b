import { ApiError, failure, isAbort } from '../api/client.ts'
import { t } from '../i18n/index.ts'
import type { Page } from '../ui/pages.ts'
import type { Account, Grant, LoginSession, Role, Token } from './types.ts'

async function send<T>(method: string, path: string, body?: unknown, headers = {}, signal?: AbortSignal): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      signal: signal ?? null,
      headers: { ...headers, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  } catch (error) {
    if (isAbort(error)) throw error
    throw new ApiError(t('app.offline'), 0, '')
  }
  const text = await response.text()
  const data = text === '' ? undefined : JSON.parse(text)
  if (!response.ok) throw failure(response.status, data, response.headers.get('Retry-After'))
  return data as T
}

export interface AccountFilter {
  q: string
  role: string
  state: string
}

const at = (id: string) => `/api/v1/accounts/${encodeURIComponent(id)}`

/** What a security administrator does. Every call fails with an ApiError or, when aborted, an AbortError. */
export const adminApi = {
  roles: () => send<{ items: Role[] }>('GET', '/api/v1/roles').then(({ items }) => items),

  accounts(filter: AccountFilter, cursor: string | null, limit: number, signal: AbortSignal) {
    const query = new URLSearchParams({ limit: `${limit}` })
    for (const [name, value] of Object.entries({ ...filter, cursor })) if (value) query.set(name, value)
    return send<Page<Account>>('GET', `/api/v1/accounts?${query}`, undefined, {}, signal)
  },
  account: (id: string, signal?: AbortSignal) => send<Account>('GET', at(id), undefined, {}, signal),
  create: (login: string, name: string, kind: Account['kind']) =>
    send<{ account: Account; password: string | null }>('POST', '/api/v1/accounts', { login, name, kind }),
  update: ({ id, version }: Account, changes: { name?: string; disabled?: boolean }) =>
    send<Account>('PATCH', at(id), changes, { 'If-Match': `"${version}"` }),
  renewPassword: (id: string) =>
    send<{ password: string }>('POST', `${at(id)}/password`).then(({ password }) => password),
  removeFactor: (id: string) => send<void>('POST', `${at(id)}/second-factor/remove`),
  unlock: (id: string) => send<void>('POST', `${at(id)}/unlock`),

  sessions: (id: string, signal?: AbortSignal) =>
    send<{ items: LoginSession[] }>('GET', `${at(id)}/sessions`, undefined, {}, signal).then(({ items }) => items),
  endSessions: (id: string) => send<void>('DELETE', `${at(id)}/sessions`),

  /** An area of '' is the whole installation. */
  grant: (id: string, role: string, area: string, expiresAt: string | null) =>
    send<Grant>('POST', `${at(id)}/grants`, {
      role,
      ...(area && { area }),
      ...(expiresAt && { expires_at: expiresAt }),
    }),
  revoke: (id: string, grant: string) => send<void>('DELETE', `${at(id)}/grants/${encodeURIComponent(grant)}`),

  tokens: (id: string, signal?: AbortSignal) =>
    send<{ items: Token[] }>('GET', `${at(id)}/tokens`, undefined, {}, signal).then(({ items }) => items),
  createToken: (id: string, name: string, scopes: string[], expiresAt: string) =>
    send<Token & { token: string }>('POST', `${at(id)}/tokens`, { name, scopes, expires_at: expiresAt }),
  revokeToken: (id: string, token: string) => send<void>('DELETE', `${at(id)}/tokens/${encodeURIComponent(token)}`),
}
