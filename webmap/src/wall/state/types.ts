import type { Ref } from 'vue'
import type { Level } from '../../map/tiles/decode.ts'

/* What the parts of the wall know of each other: the map with its clock on one side, the panels on the other. */

/** Which incidents count; an empty list leaves its field open. Names and words are those of the API. */
export interface WallFilter {
  items: string[]
  channels: string[]
  statuses: string[]
  areas: string[]
  /** 0–23 and 1 (Monday) – 7, in Asia/Shanghai. */
  hours: number[]
  weekdays: number[]
}

export const PANELS = ['today', 'stream', 'hours', 'items', 'channels', 'ranking', 'unusual'] as const
export type PanelId = (typeof PANELS)[number]

/** Degrees, and the zoom of the map. */
export interface WallView {
  lon: number
  lat: number
  zoom: number
}

export const LAYERS = ['heat', 'difference', 'areas', 'points', 'none'] as const
export type WallLayer = (typeof LAYERS)[number]
export const PERIODS = ['today', '24h', '7d', '30d'] as const
export type WallPeriod = (typeof PERIODS)[number]

/** All that a saved scene keeps of the wall. */
export interface WallScene {
  /** Null shows all areas. */
  view: WallView | null
  layer: WallLayer
  /** Of the layer of areas. */
  level: Level
  /** Of the map's layer; the panels always show the day. */
  period: WallPeriod
  filter: WallFilter
  panels: PanelId[]
}

export type Clock =
  | { kind: 'live' }
  | {
      kind: 'replay'
      /** YYYY-MM-DD in Asia/Shanghai. */
      day: string
      /** Milliseconds since 1970: the moment that is shown. */
      at: number
      /** Seconds of the day in a second. */
      speed: number
      playing: boolean
    }

export interface Group {
  key: string
  name: string
  nameEn: string
  count: number
  /** The count of the day before up to the same time. */
  before?: number
}

export interface RankRow extends Group {
  /** Of the area. */
  code: string
}

export interface StreamItem {
  id: string
  /** Milliseconds since 1970. */
  at: number
  /** '' in replay: the item says what it is. */
  title: string
  itemName: string
  itemNameEn: string
  /** Name of the town; '' where there is none. */
  town: string
  urgent: boolean
}

/** A grid that has more incidents than this hour of the week had before. */
export interface Unusual {
  code: string
  name: string
  lon: number
  lat: number
  count: number
  /** Of the weeks before. */
  mean: number
  /** Probability of as many or more. */
  p: number
  /** −log10 p. */
  surprise: number
}

export interface Today {
  count: number
  yesterdaySameHour: number
  /** Of all of the day and of all of the day before; null while the day is under way. */
  whole: { count: number; before: number } | null
  /** Of any day; null in replay: how things stood then is not known. */
  open: number | null
  /** Of those reported on this day; null in replay. */
  closedToday: number | null
  /** Waiting for a dispatcher; null for who may not see it. */
  review: number | null
}

export type LinkFilter = Partial<WallFilter> & { from?: number; to?: number; hour?: number }

/** What the panels show; null is not loaded yet. The figures follow the clock: in replay they are those of the moment that is shown. */
export interface WallData {
  /** Milliseconds since 1970: the time of day, or the replayed one. */
  now: Ref<number>
  clock: Ref<Clock>
  scene: Ref<WallScene>
  /** Since when what is shown may be old. */
  stale: Ref<{ since: number } | null>
  filling: Ref<{ done: number; total: number } | null>
  today: Ref<Today | null>
  /** 24 each; today's up to now. */
  hours: Ref<{ today: number[]; yesterday: number[] } | null>
  byItem: Ref<Group[] | null>
  byChannel: Ref<Group[] | null>
  /** Towns. */
  ranking: Ref<RankRow[] | null>
  /** Newest first, at most 50. */
  stream: Ref<StreamItem[]>
  unusual: Ref<Unusual[] | null>
  /** What the server says of how it finds the unusual. */
  statistic: Ref<string>
  /** Address of the list of what a figure counts: the filter beside the scene's, within the day that is shown unless from or to says otherwise; from 0 is any day. */
  link(filter: LinkFilter): string
  /** Opens an incident. */
  select(id: string): void
  /** Shows an area on the map. */
  flyTo(code: string): void
}

export interface SavedScene {
  id: string
  name: string
  nameEn: string
  seconds: number
  inRotation: boolean
  position: number
  config: WallScene
  /** The same as the server has it, with fields that only a newer page knows. */
  stored: unknown
  updatedAt: string
  updatedBy: string
  version: number
}

/** The saved scenes and their rotation. Saving and ordering go to the server beside it, then reload. */
export interface WallRotation {
  /** In the order of the rotation; null until loaded. */
  list: Ref<SavedScene[] | null>
  /** Why they could not be loaded; a sentence. */
  error: Ref<string | null>
  /** Id of the scene that is shown, until something is changed by hand. */
  current: Ref<string | null>
  rotating: Ref<boolean>
  /** When the rotation goes on after somebody touched the page, milliseconds since 1970. */
  heldUntil: Ref<number | null>
  /** The wall as it is now, to be saved. */
  present(): WallScene
  /** Address that shows the wall as it is now, for any browser. */
  address(): string
  show(id: string): void
  rotate(on: boolean): void
  reload(): Promise<void>
}
