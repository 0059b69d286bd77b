import type { components } from '../api/schema.gen.ts'

/* What the page calls the types of the API. */
type Schemas = components['schemas']

/** Why somebody should look at a place; null where somebody looks again of their own will. */
export type Reason = 'outside' | 'border' | null
/** An incident whose place somebody should look at. */
export type Waiting = Schemas['IncidentWaitingResource']
export type Neighbour = Schemas['IncidentNeighbourResource']
export type Summary = Schemas['IncidentReviewSummary']
export type Lead = Schemas['HotlineCandidateResource']
export type Receipt = Schemas['HotlineReceipt']

/** Degrees, EPSG:4326. */
export interface Place {
  lon: number
  lat: number
}
