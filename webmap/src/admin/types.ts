import type { components, operations } from '../api/schema.gen.ts'

/* What the page calls the types of the API. */
type Schemas = components['schemas']

export type Account = Schemas['AccountResource']
export type Grant = Schemas['AccountGrantResource']
export type LoginSession = Schemas['AccountSessionResource']
export type Token = Schemas['AccountToken']
export type Role = Schemas['AccountRoleResource']

export type AccountQuery = NonNullable<operations['list-accounts']['parameters']['query']>
export type NewAccount = Pick<Schemas['CreateAccountInputBody'], 'login' | 'name' | 'single_sign_on'> &
  Pick<Account, 'kind'>
export type NewGrant = Schemas['CreateGrantInputBody']
export type NewToken = Schemas['CreateTokenInputBody']
/** A role that can be granted. */
export type RoleName = NewGrant['role']
