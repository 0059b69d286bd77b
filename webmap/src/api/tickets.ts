import { ask, GET, POST } from './client.ts'
import type { Ticket, TicketDetail, UnsealedCaller } from './types.ts'

/** Tickets of the 12345 hotline, with the later calls about each. */
export const ticketApi = {
  /** The ticket that became an incident; null where the incident was not made of one. */
  of: (incident: string, signal: AbortSignal) =>
    ask<{ items: Ticket[] }>(GET('/api/v1/hotline/tickets', { params: { query: { incident } }, signal })).then(
      ({ items }) => items[0] ?? null,
    ),

  find: (number: string, signal: AbortSignal) =>
    ask<TicketDetail>(GET('/api/v1/hotline/tickets/{number}', { params: { path: { number } }, signal })),

  /** Who called, and what was said as it was said. It is written into the log first. */
  unseal: (number: string, reason: string) =>
    ask<UnsealedCaller>(
      POST('/api/v1/hotline/tickets/{number}/caller/unseal', { params: { path: { number } }, body: { reason } }),
    ),
}
