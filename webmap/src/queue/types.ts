import type { components } from '../api/schema.gen.ts'

/* What the page calls the types of the API. */
type Schemas = components['schemas']

/** Why somebody should look at a place; null where somebody looks again of their own will. */
export type Reason = 'outside' | 'border' | null
/** An incident whose place somebody should look at. */
export type Waiting = Schemas['IncidentWaitingResource']
export type Neighbour = Schemas['IncidentNeighbourResource']
export type Summary = Schemas['IncidentReviewSummary']
export type Ticket = Schemas['HotlineResource']
/** The document cannot say that an object behind a $ref may be null. */
export type TicketDetail = Omit<Schemas['HotlineDetail'], 'caller'> & { caller: Schemas['HotlineMaskedCaller'] | null }
export type LaterCall = Schemas['HotlineCallResource']
export type UnsealedCaller = Schemas['HotlineUnsealedCaller']
export type Lead = Schemas['HotlineCandidateResource']
export type Receipt = Schemas['HotlineReceipt']

/** Degrees, EPSG:4326. */
export interface Place {
  lon: number
  lat: number
}
