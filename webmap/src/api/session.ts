import { ask, DELETE, GET, POST, PUT } from './client.ts'
import type { FactorOffer, OwnSession, Session } from './types.ts'

/** Who is logged in here, and what one may do to the own account. Every call fails with an ApiError. */
export const sessionApi = {
  find: () => ask<Session>(GET('/api/v1/session')),

  /** Which actions each role allows: the same for everybody. */
  roles: () => ask<{ items: { role: string; actions: string[] }[] }>(GET('/api/v1/roles')).then(({ items }) => items),

  /** `code` is that of the second factor, '' without one. */
  logIn: (login: string, password: string, code: string) =>
    ask<Session>(POST('/api/v1/session', { body: { login, password, ...(code && { code }) } })),

  logOut: () => ask<void>(DELETE('/api/v1/session')),

  changePassword: (current: string, next: string) =>
    ask<void>(PUT('/api/v1/account/password', { body: { current, new: next } })),

  /** A second factor, in force once a code of it was confirmed. */
  offerFactor: (password: string) => ask<FactorOffer>(POST('/api/v1/account/second-factor', { body: { password } })),

  /** Resolves to the recovery codes, which can be had only now. */
  confirmFactor: (code: string) =>
    ask<{ recovery_codes: string[] }>(PUT('/api/v1/account/second-factor', { body: { code } })).then(
      ({ recovery_codes }) => recovery_codes,
    ),

  removeFactor: (password: string, code: string) =>
    ask<void>(POST('/api/v1/account/second-factor/remove', { body: { password, code } })),

  sessions: () => ask<{ items: OwnSession[] }>(GET('/api/v1/account/sessions')).then(({ items }) => items),

  endSession: (id: string) => ask<void>(DELETE('/api/v1/account/sessions/{id}', { params: { path: { id } } })),

  endOtherSessions: () => ask<void>(DELETE('/api/v1/account/sessions')),
}
