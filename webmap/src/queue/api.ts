import { ask, askVersioned, GET, matching, POST } from '../api/client.ts'
import type { Incident, Ticket } from '../api/types.ts'
import type { Page } from './state/line.ts'
import type { Lead, Place, Reason, Receipt, Summary, Waiting } from './types.ts'

/** Every call fails with an ApiError or, when aborted, an AbortError. */
export const queueApi = {
  summary: (signal: AbortSignal) => ask<Summary>(GET('/api/v1/review/summary', { signal })),

  /** The oldest first. */
  places: (kind: Reason, limit: number, signal: AbortSignal) =>
    ask<Page<Waiting>>(GET('/api/v1/review', { params: { query: { limit, ...(kind && { kind }) } }, signal })),

  /** An incident that is not waiting any more, in the form of one that is. */
  place: async (id: string): Promise<Waiting> => ({
    ...(await askVersioned<Incident>(GET('/api/v1/incidents/{id}', { params: { path: { id } } }))),
    candidates: [],
  }),

  confirm: (shown: Waiting) =>
    askVersioned<Incident>(POST('/api/v1/incidents/{id}/confirm', { params: matching(shown), body: {} })),

  move: (shown: Waiting, { lon, lat }: Place, reason: string) =>
    askVersioned<Incident>(
      POST('/api/v1/incidents/{id}/move', {
        params: matching(shown),
        body: { lon, lat, crs: 'wgs84', reason },
      }),
    ),

  /** The first to come first. */
  tickets: (limit: number, signal: AbortSignal) =>
    ask<Page<Ticket>>(GET('/api/v1/hotline/tickets', { params: { query: { state: 'to_place', limit } }, signal })),

  /** Where the words of its address may lead, the likeliest first. */
  leads: (number: string, signal: AbortSignal) =>
    ask<{ items: Lead[] }>(
      GET('/api/v1/hotline/tickets/{number}/candidates', { params: { path: { number } }, signal }),
    ).then(({ items }) => items),

  placeTicket: (number: string, { lon, lat }: Place) =>
    ask<Receipt>(
      POST('/api/v1/hotline/tickets/{number}/place', {
        params: { path: { number } },
        body: { lon, lat, crs: 'wgs84' },
      }),
    ),

  dismiss: (number: string, reason: string) =>
    ask<Receipt>(POST('/api/v1/hotline/tickets/{number}/dismiss', { params: { path: { number } }, body: { reason } })),
}
