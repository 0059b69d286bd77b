import { ask, GET, querySerializer } from '../../api/client.ts'
import type { components } from '../../api/schema.gen.ts'
import type { AreaFeature, Incident } from '../../api/types.ts'
import type { Columns } from '../replay/tally.ts'
import type { Group, Unusual } from './types.ts'

type Schemas = components['schemas']

/** A filter and a range as addresses have them: lists with commas, instants as RFC 3339. */
export type CountQuery = Record<string, string>

export type Filling = { done: number; total: number } | null
export type GroupedBy = 'total' | 'status' | 'item' | 'channel' | 'town' | 'community' | 'grid' | 'micro'
/** Tiles of counts, with what their classes mean, by resolution; classes that no hexagon has are left out. */
export type HeatJson = Schemas['HeatTileJSON']

export interface Counts {
  total: number
  filling: Filling
  groups: Group[]
}

/** The document has lists as lists; here they are the text that lists become. */
const options = (query: object, signal: AbortSignal) => ({ params: { query }, querySerializer, signal }) as never

/** What the wall asks. Every call fails with an ApiError or, when aborted, an AbortError. */
export const wallApi = {
  counts: (query: CountQuery, by: GroupedBy, signal: AbortSignal): Promise<Counts> =>
    ask<Schemas['HeatCounts']>(GET('/api/v1/counts', options({ ...query, by }, signal))).then(
      ({ total, filling, groups }) => ({
        total,
        filling: filling ?? null,
        groups: groups.map(({ key, name, name_en, count }) => ({ key, name, nameEn: name_en || name, count })),
      }),
    ),

  /** By hour of Asia/Shanghai, from the first of the range. */
  series: (query: CountQuery, signal: AbortSignal): Promise<number[]> =>
    ask<Schemas['HeatSeries']>(GET('/api/v1/counts/series', options({ ...query, step: '1h' }, signal))).then(
      ({ counts }) => counts,
    ),

  unusual: (query: CountQuery, at: number, signal: AbortSignal): Promise<{ statistic: string; items: Unusual[] }> =>
    ask<Schemas['HeatUnusual']>(
      GET(
        '/api/v1/counts/unusual',
        options({ ...query, level: 'grid', at: new Date(at).toISOString(), limit: 50 }, signal),
      ),
    ),

  heat: (query: CountQuery, signal: AbortSignal) => ask<HeatJson>(GET('/tiles/heat.json', options(query, signal))),

  /** How many incidents and tickets wait for a dispatcher. */
  review: (signal: AbortSignal): Promise<number> =>
    ask<Schemas['IncidentReviewSummary']>(GET('/api/v1/review/summary', { signal })).then(
      ({ outside, border, tickets }) => outside + border + tickets,
    ),

  newest: (query: CountQuery, limit: number, signal: AbortSignal): Promise<Incident[]> =>
    ask<{ items: Incident[] }>(GET('/api/v1/incidents', options({ ...query, limit }, signal))).then(
      ({ items }) => items,
    ),

  towns: (signal: AbortSignal): Promise<AreaFeature['properties'][]> =>
    ask<{ features: AreaFeature[] }>(
      GET('/api/v1/areas', options({ level: 'town', geometry: false, limit: 200 }, signal)),
    ).then(({ features }) => features.map(({ properties }) => properties)),

  points: (query: CountQuery, from: number, to: number, ids: boolean, signal: AbortSignal): Promise<Columns> =>
    ask<Schemas['IncidentPoints']>(
      GET(
        '/api/v1/incidents/points',
        options({ ...query, from: new Date(from).toISOString(), to: new Date(to).toISOString(), ids }, signal),
      ),
    ).then((points) => ({ ...points, start: from, id: points.id ?? [] })),
}
