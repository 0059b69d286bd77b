import { ask, GET, querySerializer } from '../../api/client.ts'
import type { AreaFeature, Incident } from '../../api/types.ts'
import type { TileJson } from '../../map/tiles/source.ts'
import type { Columns } from '../replay/tally.ts'
import type { Group, Unusual } from './types.ts'

/** A filter and a range as the API takes them. */
export type CountQuery = Record<string, string>

export type Filling = { done: number; total: number } | null

export interface Counts {
  total: number
  filling: Filling
  groups: Group[]
}

interface AnsweredCounts {
  total: number
  filling?: Filling
  groups: { key: string; name: string; name_en: string; count: number }[]
}

interface AnsweredUnusual {
  statistic: string
  items: Unusual[]
}

/** Tiles of counts, with what their classes mean. */
export interface HeatJson extends TileJson {
  /** By resolution; those that no hexagon has are left out. */
  classes: Record<string, { class: number; from: number; to: number }[]>
  total: number
  filling?: Filling
}

interface AnsweredPoints extends Omit<Columns, 'start' | 'id'> {
  from: string
  id?: string[]
}

const read = <T>(path: string, query: Record<string, unknown>, signal: AbortSignal) =>
  ask<T>(GET(path as never, { params: { query }, querySerializer, signal } as never))

/** What the wall asks. Every call fails with an ApiError or, when aborted, an AbortError. */
export const wallApi = {
  counts: (query: CountQuery, by: string, signal: AbortSignal): Promise<Counts> =>
    read<AnsweredCounts>('/api/v1/counts', { ...query, by }, signal).then(({ total, filling, groups }) => ({
      total,
      filling: filling ?? null,
      groups: (groups ?? []).map(({ key, name, name_en, count }) => ({ key, name, nameEn: name_en, count })),
    })),

  series: (query: CountQuery, signal: AbortSignal) =>
    read<{ counts: number[] }>('/api/v1/counts/series', { ...query, step: '1h' }, signal).then(({ counts }) => counts),

  unusual: (query: CountQuery, at: number, signal: AbortSignal) =>
    read<AnsweredUnusual>(
      '/api/v1/counts/unusual',
      { ...query, level: 'grid', at: new Date(at).toISOString(), limit: 50 },
      signal,
    ),

  heat: (query: CountQuery, signal: AbortSignal) => read<HeatJson>('/tiles/heat.json', query, signal),

  review: (signal: AbortSignal) =>
    read<{ outside: number; border: number; tickets: number }>('/api/v1/review/summary', {}, signal).then(
      ({ outside, border, tickets }) => outside + border + tickets,
    ),

  newest: (query: CountQuery, limit: number, signal: AbortSignal) =>
    read<{ items: Incident[] }>('/api/v1/incidents', { ...query, limit }, signal).then(({ items }) => items),

  towns: (signal: AbortSignal) =>
    read<{ features: AreaFeature[] }>('/api/v1/areas', { level: 'town', geometry: false, limit: 200 }, signal).then(
      ({ features }) => features.map(({ properties }) => properties),
    ),

  points: (query: CountQuery, from: number, to: number, ids: boolean, signal: AbortSignal): Promise<Columns> =>
    read<AnsweredPoints>(
      '/api/v1/incidents/points',
      { ...query, from: new Date(from).toISOString(), to: new Date(to).toISOString(), ids },
      signal,
    ).then((points) => ({ ...points, start: from, id: points.id ?? [] })),
}
