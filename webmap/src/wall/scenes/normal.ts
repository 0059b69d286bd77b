import { isLevel } from '../../map/tiles/decode.ts'
import { LAYERS, PANELS, PERIODS, type WallFilter, type WallScene, type WallView } from '../state/types.ts'

/* What a saved scene becomes on this page: it may come from an older page, or a newer one. */

/** What the wall shows before anything is chosen: all of today's, with all panels. A new one each time, so that nobody shares lists. */
export function firstScene(): WallScene {
  return { view: null, layer: 'heat', level: 'town', period: 'today', filter: openFilter(), panels: [...PANELS] }
}

/** Lets every incident pass. */
export function openFilter(): WallFilter {
  return { items: [], channels: [], statuses: [], areas: [], hours: [], weekdays: [] }
}

type Fields = Record<string, unknown>

/** Longest list that the server takes in a filter. */
const LONGEST = 100

/** A scene from any JSON: what is missing, unknown or out of bounds is as in the first scene. Never fails. */
export function normalScene(config: unknown): WallScene {
  const from = fieldsOf(config)
  const first = firstScene()
  const filter = fieldsOf(from.filter)
  return {
    view: viewOf(from.view),
    layer: oneOf(LAYERS, from.layer) ?? first.layer,
    level: typeof from.level === 'string' && isLevel(from.level) ? from.level : first.level,
    period: oneOf(PERIODS, from.period) ?? first.period,
    filter: {
      items: textsOf(filter.items),
      channels: textsOf(filter.channels),
      statuses: textsOf(filter.statuses),
      areas: textsOf(filter.areas),
      hours: wholesOf(filter.hours, 0, 23),
      weekdays: wholesOf(filter.weekdays, 1, 7),
    },
    panels: Array.isArray(from.panels) ? PANELS.filter((id) => (from.panels as unknown[]).includes(id)) : first.panels,
  }
}

/** Whether two scenes show the same but for where the map stands. */
export function sameButView(a: WallScene, b: WallScene): boolean {
  return JSON.stringify(normalScene({ ...a, view: null })) === JSON.stringify(normalScene({ ...b, view: null }))
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function oneOf<T extends string>(words: readonly T[], value: unknown): T | undefined {
  return words.find((word) => word === value)
}

function textsOf(value: unknown): string[] {
  if (!Array.isArray(value)) return []
  return [...new Set(value.filter((each): each is string => typeof each === 'string' && each !== ''))].slice(0, LONGEST)
}

function wholesOf(value: unknown, least: number, most: number): number[] {
  if (!Array.isArray(value)) return []
  const fit = value.filter((each): each is number => Number.isInteger(each) && each >= least && each <= most)
  return [...new Set(fit)].sort((a, b) => a - b)
}

function viewOf(value: unknown): WallView | null {
  const { lon, lat, zoom } = fieldsOf(value)
  if (!within(lon, -180, 180) || !within(lat, -85, 85) || !within(zoom, 0, 24)) return null
  return { lon, lat, zoom }
}

const within = (value: unknown, least: number, most: number): value is number =>
  typeof value === 'number' && value >= least && value <= most
