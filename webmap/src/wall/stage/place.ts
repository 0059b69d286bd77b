import type { IncidentDetail } from '../../api/types.ts'
import type { Counted } from '../../map/overlay.ts'
import type { Level } from '../../map/tiles/decode.ts'

/** What somebody points at on the map. The count of an area is null where the map does not count by its level. */
export type Place =
  | Exclude<Counted, { kind: 'point' }>
  | { kind: 'area'; code: string; name: string; level: Level; count: number | null }
  | { kind: 'incident'; incident: IncidentDetail }
