import { ask, DELETE, GET, matching, PATCH, POST } from '../api/client.ts'
import type { Page } from '../ui/pages.ts'
import type {
  Account,
  AccountQuery,
  Grant,
  LoginSession,
  NewAccount,
  NewGrant,
  NewToken,
  Role,
  Token,
} from './types.ts'

const of = (id: string) => ({ path: { id } })
const items = <T>(answer: { items: T[] }) => answer.items

/** What a security administrator does. Every call fails with an ApiError or, when aborted, an AbortError. */
export const adminApi = {
  roles: () => ask<{ items: Role[] }>(GET('/api/v1/roles')).then(items),

  accounts: (query: AccountQuery, signal: AbortSignal) =>
    ask<Page<Account>>(GET('/api/v1/accounts', { params: { query }, signal })),
  account: (id: string, signal?: AbortSignal) => ask<Account>(GET('/api/v1/accounts/{id}', { params: of(id), signal })),
  create: (account: NewAccount) =>
    ask<{ account: Account; password: string | null }>(POST('/api/v1/accounts', { body: account })),
  update: (account: Account, changes: { name?: string; disabled?: boolean }) =>
    ask<Account>(PATCH('/api/v1/accounts/{id}', { params: matching(account), body: changes })),
  renewPassword: (id: string) =>
    ask<{ password: string }>(POST('/api/v1/accounts/{id}/password', { params: of(id) })).then(
      ({ password }) => password,
    ),
  removeFactor: (id: string) => ask<void>(POST('/api/v1/accounts/{id}/second-factor/remove', { params: of(id) })),
  unlock: (id: string) => ask<void>(POST('/api/v1/accounts/{id}/unlock', { params: of(id) })),

  sessions: (id: string, signal: AbortSignal) =>
    ask<{ items: LoginSession[] }>(GET('/api/v1/accounts/{id}/sessions', { params: of(id), signal })).then(items),
  endSessions: (id: string) => ask<void>(DELETE('/api/v1/accounts/{id}/sessions', { params: of(id) })),

  grant: (id: string, grant: NewGrant) =>
    ask<Grant>(POST('/api/v1/accounts/{id}/grants', { params: of(id), body: grant })),
  revoke: (id: string, grant: string) =>
    ask<void>(DELETE('/api/v1/accounts/{id}/grants/{grant}', { params: { path: { id, grant } } })),

  tokens: (id: string, signal: AbortSignal) =>
    ask<{ items: Token[] }>(GET('/api/v1/accounts/{id}/tokens', { params: of(id), signal })).then(items),
  createToken: (id: string, token: NewToken) =>
    ask<Token & { token: string }>(POST('/api/v1/accounts/{id}/tokens', { params: of(id), body: token })),
  revokeToken: (id: string, token: string) =>
    ask<void>(DELETE('/api/v1/accounts/{id}/tokens/{token}', { params: { path: { id, token } } })),
}
