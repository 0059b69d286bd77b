import createClient from 'openapi-fetch'
import { t } from '../i18n/index.ts'
import type { paths } from './schema.gen.ts'
import type { About, AreaFeature, Box, Crs, Incident, Item, Problem, Report, Snap, TileJson } from './types.ts'

/** A failed request, with a sentence for people. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 when the server was not reached. */
    readonly status: number,
    /** The problem's stable code; '' when there is none. */
    readonly code: string,
  ) {
    super(message)
  }
}

export const isAbort = (error: unknown) => error instanceof DOMException && error.name === 'AbortError'

const { GET, POST } = createClient<paths>({ baseUrl: location.origin })

interface Answer {
  data?: unknown
  error?: unknown
  response: Response
}

/** T is the answer's type in types.ts, which is derived from the operation's. */
async function ask<T>(request: Promise<Answer>): Promise<T> {
  let answer: Answer
  try {
    answer = await request
  } catch (error) {
    if (isAbort(error)) throw error
    throw new ApiError(t('app.offline'), 0, '')
  }
  const { data, error, response } = answer
  if (data !== undefined) return data as T
  const problem: Partial<Problem> = typeof error === 'object' && error !== null ? error : {}
  throw new ApiError(
    [problem.detail || `${response.status} ${response.statusText}`, ...places(problem)].join('\n'),
    response.status,
    problem.code ?? '',
  )
}

/** What a problem says of single values, where that is more than its detail. */
function places({ detail, errors }: Partial<Problem>): string[] {
  return (errors ?? []).flatMap(({ location, message }) =>
    message && message !== detail ? [location ? `${location}: ${message}` : message] : [],
  )
}

/** The server's API in the words of the pages. Every call fails with an ApiError or, when aborted, an AbortError. */
export const api = {
  about: () => ask<About>(GET('/api/v1/about')),

  tiles: () => ask<TileJson>(GET('/tiles/areas.json')),

  snap: (lon: number, lat: number, crs: Crs, signal?: AbortSignal) =>
    ask<Snap>(GET('/api/v1/snap', { params: { query: { lon, lat, crs } }, signal })),

  /** Areas whose name has the text in it, or whose code begins with it. */
  areas: (q: string, limit: number, signal?: AbortSignal) =>
    ask<{ features: AreaFeature[] }>(
      GET('/api/v1/areas', { params: { query: { q, limit, geometry: false } }, signal }),
    ).then(({ features }) => features),

  area: (code: string, signal?: AbortSignal) =>
    ask<AreaFeature>(GET('/api/v1/areas/{code}', { params: { path: { code }, query: { geometry: false } }, signal })),

  items: () => ask<{ items: Item[] }>(GET('/api/v1/items')).then(({ items }) => items),

  /** The newest incidents of a box or of everywhere. */
  incidents: (bbox: Box | null, limit: number, signal?: AbortSignal) =>
    ask<{ items: Incident[]; next: string | null }>(
      GET('/api/v1/incidents', { params: { query: { limit, ...(bbox && { bbox }) } }, signal, querySerializer }),
    ),

  incident: (id: string, signal?: AbortSignal) =>
    ask<Incident>(GET('/api/v1/incidents/{id}', { params: { path: { id } }, signal })),

  report: (report: Report, key: string) =>
    ask<Incident>(
      POST('/api/v1/incidents', {
        params: { header: { 'Idempotency-Key': key } },
        body: { crs: 'wgs84', ...report },
      }),
    ),
}

/** Lists stand comma-separated in a query, as the document says (style form, explode false). */
function querySerializer(query: Record<string, unknown>): string {
  return Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => `${key}=${encodeURIComponent(Array.isArray(value) ? value.join(',') : String(value))}`)
    .join('&')
}
