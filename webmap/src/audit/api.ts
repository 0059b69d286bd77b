import { ApiError, failure, isAbort } from '../api/client.ts'
import { t } from '../i18n/index.ts'
import type { Page } from '../ui/pages.ts'
import type { ChainState, Entry } from './types.ts'

async function get<T>(path: string, signal: AbortSignal): Promise<T> {
  let response: Response
  try {
    response = await fetch(path, { signal })
  } catch (error) {
    if (isAbort(error)) throw error
    throw new ApiError(t('app.offline'), 0, '')
  }
  const data = await response.json().catch(() => undefined)
  if (!response.ok) throw failure(response.status, data, response.headers.get('Retry-After'))
  return data as T
}

/** Every call fails with an ApiError or, when aborted, an AbortError. */
export const auditApi = {
  search(question: Record<string, string>, cursor: string | null, limit: number, signal: AbortSignal) {
    const query = new URLSearchParams({ ...question, limit: `${limit}`, ...(cursor && { cursor }) })
    return get<Page<Entry>>(`/api/v1/audit?${query}`, signal)
  },
  chain: (signal: AbortSignal) => get<ChainState>('/api/v1/audit/chain', signal),
  /** Address of the export of all that a question finds. */
  table: (question: Record<string, string>) => `/api/v1/audit.csv?${new URLSearchParams(question)}`,
}
