import { askVersioned, POST } from './client.ts'
import type { Incident } from './types.ts'

/** What is changed only if nobody else has changed it since. */
export interface Versioned {
  id: string
  version: string
}

/** A version in the form of If-Match. */
export const match = (version: string) => ({ 'If-Match': `"${version}"` })

/**
 * Takes back the last move or confirmation of an incident: it lies where it lay, and waits for a dispatcher again if it did. Refused as stale
 * where somebody did something since.
 */
export const undoPlace = ({ id, version }: Versioned) =>
  askVersioned<Incident>(
    POST('/api/v1/incidents/{id}/undo', { params: { path: { id }, header: match(version) }, body: {} }),
  )
