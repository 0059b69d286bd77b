import createClient from 'openapi-fetch'
import { t, word } from '../i18n/index.ts'
import type { paths } from './schema.gen.ts'
import type {
  About,
  AreaFeature,
  Box,
  Crs,
  Followed,
  Incident,
  IncidentDetail,
  Item,
  Problem,
  Report,
  Reported,
  Snap,
  Station,
  TileJson,
  Unsealed,
} from './types.ts'
import { marked } from './unattended.ts'

/** A failed request, with a sentence for people. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0 when the server was not reached. */
    readonly status: number,
    /** The problem's stable code; '' when there is none. */
    readonly code: string,
    /** What is wrong with single values. */
    readonly places: readonly { location: string; message: string }[] = [],
    /** Seconds after which it makes sense to try again; null where the server does not say. */
    readonly retryAfterS: number | null = null,
  ) {
    super(message)
  }
}

export const isAbort = (error: unknown) => error instanceof DOMException && error.name === 'AbortError'

/** The operations of the server's OpenAPI document. */
export const { GET, POST, PUT, PATCH, DELETE } = createClient<paths>({
  baseUrl: location.origin,
  fetch: (request) => fetch(marked(request)),
})

interface Answer {
  data?: unknown
  error?: unknown
  response: Response
}

let onRefused: (code: 'login_required' | 'password_expired') => void = () => {}

/** Has the session module told of answers that say that the session is over or the password has to be changed. */
export function listenForRefusals(listener: typeof onRefused) {
  onRefused = listener
}

/** T is the answer's type in types.ts, which is derived from the operation's; void for an answer without a body. */
export const ask = async <T>(request: Promise<Answer>) => (await good(request)).data as T

/** As ask; version is the answer's ETag, for If-Match. */
export async function askVersioned<T>(request: Promise<Answer>): Promise<T & { version: string }> {
  const { data, response } = await good(request)
  return { ...(data as T), version: (response.headers.get('ETag') ?? '').replaceAll('"', '') }
}

async function good(request: Promise<Answer>): Promise<Answer> {
  let answer: Answer
  try {
    answer = await request
  } catch (error) {
    if (isAbort(error)) throw error
    throw new ApiError(t('app.offline'), 0, '')
  }
  if (answer.response.ok) return answer
  throw failure(answer.response.status, answer.error, answer.response.headers.get('Retry-After'))
}

/** What is changed only if nobody else has changed it since. */
export interface Versioned {
  id: string
  version: string | number
}

/** The parameters of an operation that changes it. */
export const matching = ({ id, version }: Versioned) => ({ path: { id }, header: { 'If-Match': `"${version}"` } })

/** The error of an answer that is not 2xx: `body` is its problem, if it is one, `retryAfter` the header of this name. */
export function failure(status: number, body: unknown, retryAfter: string | null): ApiError {
  const problem: Partial<Problem> = typeof body === 'object' && body !== null ? body : {}
  const code = problem.code ?? ''
  const places = (problem.errors ?? []).map(({ location, message }) => ({
    location: location ?? '',
    message: message ?? '',
  }))
  if (code === 'login_required' || code === 'password_expired') onRefused(code)
  const seconds = Number(retryAfter ?? Number.NaN)
  return new ApiError(
    sentence(status, code, problem.detail ?? '', places),
    status,
    code,
    places,
    Number.isFinite(seconds) ? seconds : null,
  )
}

/** The pages' own words where the code says it all; otherwise the server's detail, and what it says of single values beyond that. */
function sentence(status: number, code: string, detail: string, places: ApiError['places']): string {
  const known = word('problem', code)
  if (known !== code) return known
  const more = places
    .filter(({ message }) => message && message !== detail)
    .map(({ location, message }) => (location ? `${location}: ${message}` : message))
  return [detail || `HTTP ${status}`, ...more].join('\n')
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

  /** Stations that have all parts of the text in their name or address; those in whose name it is come first. */
  stations: (q: string, limit: number, signal?: AbortSignal) =>
    ask<{ items: Station[] }>(GET('/api/v1/stations', { params: { query: { q, limit } }, signal })).then(
      ({ items }) => items,
    ),

  items: () => ask<{ items: Item[] }>(GET('/api/v1/items')).then(({ items }) => items),

  /** The newest incidents of a box or of everywhere. */
  incidents: (bbox: Box | null, limit: number, signal?: AbortSignal) =>
    ask<{ items: Incident[]; next: string | null }>(
      GET('/api/v1/incidents', { params: { query: { limit, ...(bbox && { bbox }) } }, signal, querySerializer }),
    ),

  incident: (id: string, signal?: AbortSignal) =>
    ask<IncidentDetail>(GET('/api/v1/incidents/{id}', { params: { path: { id } }, signal })),

  report: (report: Report, key: string) =>
    ask<Reported>(
      POST('/api/v1/incidents', {
        params: { header: { 'Idempotency-Key': key } },
        body: { crs: 'wgs84', ...report },
      }),
    ),

  /** How a report stands, for whoever has its receipt. */
  follow: (number: string, secret: string) =>
    ask<Followed>(POST('/api/v1/reports/follow', { body: { number, secret } })),

  /** What only few may read of an incident, for a reason that is recorded. */
  unseal: (id: string, reason: string) =>
    ask<Unsealed>(POST('/api/v1/incidents/{id}/reporter/unseal', { params: { path: { id } }, body: { reason } })),
}

/** Lists stand comma-separated in a query, as the document says (style form, explode false). */
export function querySerializer(query: Record<string, unknown>): string {
  return Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => `${key}=${encodeURIComponent(Array.isArray(value) ? value.join(',') : String(value))}`)
    .join('&')
}
