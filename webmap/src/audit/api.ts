import { ask, GET } from '../api/client.ts'
import type { Page } from '../ui/pages.ts'
import type { ChainState, Entry, Question } from './types.ts'

/** Every call fails with an ApiError or, when aborted, an AbortError. */
export const auditApi = {
  search: (question: Question, cursor: string | null, limit: number, signal: AbortSignal) =>
    ask<Page<Entry>>(
      GET('/api/v1/audit', { params: { query: { ...question, limit, ...(cursor && { cursor }) } }, signal }),
    ),
  chain: (signal: AbortSignal) => ask<ChainState>(GET('/api/v1/audit/chain', { signal })),
  /** Address of the export of all that a question finds. */
  table: (question: Question) => `/api/v1/audit.csv?${new URLSearchParams(question)}`,
}
