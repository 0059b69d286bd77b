import { ApiError, ask, askVersioned, failure, GET, querySerializer } from '../api/client.ts'
import type { components } from '../api/schema.gen.ts'
import type { Incident } from '../api/types.ts'
import { lang } from '../i18n/index.ts'
import type { Question } from './question.ts'
import { t } from './text/index.ts'
import type { Sort } from './url.ts'

/** What was done to an incident; a place is null where one may not see incidents. */
type PastAnswer = components['schemas']['IncidentPastResource']
export type Duplicate = components['schemas']['IncidentPossibleDuplicate']
type Place = components['schemas']['IncidentPlace']
export type Past = Omit<PastAnswer, 'from' | 'to'> & { from: Place | null; to: Place | null }

export type Format = 'xlsx' | 'csv'

export const listApi = {
  list: (question: Question, sort: Sort, cursor: string | null, limit: number, signal: AbortSignal) =>
    ask<{ items: Incident[]; next: string | null }>(
      GET('/api/v1/incidents', {
        params: { query: { ...question, sort, limit, ...(cursor && { cursor }) } },
        signal,
        querySerializer,
      }),
    ),

  /** How many a question finds; null where counting is not complete, or the question is one that is not counted. */
  async count({ bbox, review, q, ...filter }: Question, signal: AbortSignal): Promise<number | null> {
    if (bbox || review || q) return null
    const counts = await ask<{ total: number; filling: object | null }>(
      GET('/api/v1/counts', { params: { query: { ...filter, by: 'total' } }, signal, querySerializer }),
    )
    return counts.filling ? null : counts.total
  },

  /** The oldest first; the version is the incident's. */
  history: (id: string, signal: AbortSignal) =>
    askVersioned<{ items: Past[] }>(GET('/api/v1/incidents/{id}/history', { params: { path: { id } }, signal })),

  /** Open ones of the same item, near in place and time; the nearest first. */
  duplicates: (id: string, signal: AbortSignal) =>
    ask<{ items: Duplicate[] }>(GET('/api/v1/incidents/{id}/duplicates', { params: { path: { id } }, signal })).then(
      ({ items }) => items,
    ),

  /** A file of all that the question finds. `received` is told how many bytes have come; how many there will be, nobody knows. */
  async export(
    question: Question,
    format: Format,
    columns: readonly string[],
    received: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<{ blob: Blob; name: string }> {
    const query = querySerializer({ ...question, format, columns, lang: lang.value === 'en' ? 'en' : 'zh' })
    const response = await fetch(`/api/v1/incidents/export?${query}`, { signal })
    if (!response.ok) {
      throw failure(response.status, await response.json().catch(() => null), response.headers.get('Retry-After'))
    }
    const chunks: BlobPart[] = []
    let bytes = 0
    try {
      for (const reader = response.body?.getReader(); reader; ) {
        const { done, value } = await reader.read()
        if (done) break
        chunks.push(value)
        bytes += value.length
        received(bytes)
      }
    } catch (error) {
      if (signal.aborted) throw error
      throw new ApiError(t('export.brokeOff'), 0, '')
    }
    const name = /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1]
    return {
      blob: new Blob(chunks, { type: response.headers.get('Content-Type') ?? '' }),
      name: name ?? `incidents.${format}`,
    }
  },
}
