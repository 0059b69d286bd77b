import { askVersioned, matching, POST, type Versioned } from './client.ts'
import type { Incident } from './types.ts'

/**
 * Takes back the last move or confirmation of an incident: it lies where it lay, and waits for a dispatcher again if it did. Refused as stale
 * where somebody did something since.
 */
export const undoPlace = (done: Versioned) =>
  askVersioned<Incident>(POST('/api/v1/incidents/{id}/undo', { params: matching(done), body: {} }))
