import type { components } from '../api/schema.gen.ts'

/* What the page calls the types of the API. */
type Schemas = components['schemas']

export type Account = Schemas['AccountResource']
export type Grant = Schemas['AccountGrantResource']
export type LoginSession = Schemas['AccountSessionResource']
export type Token = Schemas['AccountToken']
export type Role = Schemas['AccountRoleResource']
