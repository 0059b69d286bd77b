/* How areas, borders, labels and incidents look. Sizes are CSS pixels at a root font of 14 px; `ui` scales them with it. */
import type { Level } from './tiles/decode.ts'

export const GROUND = '#dfe6eb'
export const LAND = '#fbfaf6'
export const INK = '#1b2733'
export const SELECT = '#1f5fa8'
export const ALERT = '#c62828'
export const CALM = '#3d5a73'
export const PAST = '#7d93a6'

export interface Line {
  color: string
  /** Width in pixels at map zoom `from`, growing by `grow` a zoom up to `most`. */
  width: number
  from: number
  grow: number
  most: number
  dash: readonly number[]
}

/** Width, dash and colour each tell the levels apart, so that no one of them is needed alone. */
export const BORDER: Record<Level, Line> = {
  county: { color: '#22313f', width: 2.4, from: 10, grow: 0.3, most: 4, dash: [] },
  town: { color: '#4c5f70', width: 1.4, from: 10, grow: 0.3, most: 3, dash: [] },
  community: { color: '#71869a', width: 0.7, from: 11, grow: 0.3, most: 2, dash: [] },
  grid: { color: '#71869a', width: 0.7, from: 13, grow: 0.25, most: 1.6, dash: [5, 3] },
  micro: { color: '#8798a8', width: 0.7, from: 15, grow: 0.15, most: 1.2, dash: [1.5, 2.5] },
}

export function lineWidth(line: Line, zoom: number): number {
  return Math.max(0.5, Math.min(line.most, line.width + (zoom - line.from) * line.grow))
}

export interface LabelStyle {
  /** Map zooms at which labels of the level may be drawn. */
  from: number
  to: number
  size: number
  weight: number
  color: string
}

export const LABEL: Record<Level, LabelStyle> = {
  county: { from: 0, to: 9, size: 18, weight: 700, color: '#22313f' },
  town: { from: 9, to: 15, size: 14, weight: 700, color: '#22313f' },
  community: { from: 12, to: 19, size: 12.5, weight: 600, color: '#33465a' },
  grid: { from: 14, to: 19, size: 11.5, weight: 500, color: '#465a6e' },
  micro: { from: 17, to: 19, size: 10.5, weight: 400, color: '#56697c' },
}

export const LABEL_FONT = "'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans SC', sans-serif"
