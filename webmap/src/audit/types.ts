import type { components, operations } from '../api/schema.gen.ts'

/* What the page calls the types of the API. */
type Schemas = components['schemas']

export type Entry = Schemas['AuditRecord']
/** The document cannot say that an object behind a $ref may be null. */
export type ChainState = Omit<Schemas['AuditChainState'], 'broken'> & { broken: Schemas['AuditBrokenState'] | null }
/** What is searched for, and exported. */
export type Question = NonNullable<operations['export-audit']['parameters']['query']>
