import { t } from '../i18n/index.ts'
import { ApiError, failure, isAbort } from './client.ts'
import type { Session } from './types.ts'

async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
    })
  } catch (error) {
    if (isAbort(error)) throw error
    throw new ApiError(t('app.offline'), 0, '')
  }
  const text = await response.text()
  let data: unknown
  try {
    data = text === '' ? undefined : JSON.parse(text)
  } catch {
    data = undefined
  }
  if (!response.ok) throw failure(response.status, data, response.headers.get('Retry-After'))
  return data as T
}

export interface SessionEntry {
  id: string
  created_at: string
  seen_at: string
  ends_at: string
  address: string
  agent: string
  current: boolean
}

/** Who is logged in here, and what one may do to the own account. Every call fails with an ApiError. */
export const sessionApi = {
  find: () => send<Session>('GET', '/api/v1/session'),
  roles: () => send<{ items: { role: string; actions: string[]; administrator: boolean }[] }>('GET', '/api/v1/roles'),
  logIn: (login: string, password: string, code: string) =>
    send<Session>('POST', '/api/v1/session', { login, password, ...(code && { code }) }),
  logOut: () => send<void>('DELETE', '/api/v1/session'),
  changePassword: (current: string, next: string) =>
    send<void>('PUT', '/api/v1/account/password', { current, new: next }),
  offerFactor: (password: string) =>
    send<{ secret: string; uri: string; qr: string }>('POST', '/api/v1/account/second-factor', { password }),
  confirmFactor: (code: string) => send<{ recovery_codes: string[] }>('PUT', '/api/v1/account/second-factor', { code }),
  removeFactor: (password: string, code: string) =>
    send<void>('POST', '/api/v1/account/second-factor/remove', { password, code }),
  sessions: () => send<{ items: SessionEntry[] }>('GET', '/api/v1/account/sessions').then(({ items }) => items),
  endSession: (id: string) => send<void>('DELETE', `/api/v1/account/sessions/${encodeURIComponent(id)}`),
  endOtherSessions: () => send<void>('DELETE', '/api/v1/account/sessions'),
}
