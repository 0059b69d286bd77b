/* How areas, borders, labels and incidents look. Sizes are CSS pixels at a root font of 14 px; `ui` scales them with it. */
import type { Level } from './tiles/decode.ts'

export interface Line {
  color: string
  /** Width in pixels at map zoom `from`, growing by `grow` a zoom up to `most`. */
  width: number
  from: number
  grow: number
  most: number
  dash: readonly number[]
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

/** All colours of a map, and what tells its levels apart. */
export interface Theme {
  land: string
  /** What demands action now, what does not, and what is closed. */
  alert: string
  calm: string
  past: string
  select: string
  selectFill: string
  hoverFill: string
  /** Around letters. */
  halo: string
  /** How much larger incidents are drawn than on a desk. */
  markScale: number
  /** Width, dash and colour each tell the levels apart, so that no one of them is needed alone. */
  border: Record<Level, Line>
  label: Record<Level, LabelStyle>
}

export const LIGHT: Theme = {
  land: '#fbfaf6',
  alert: '#c62828',
  calm: '#3d5a73',
  past: '#7d93a6',
  select: '#1f5fa8',
  selectFill: 'rgba(31, 95, 168, 0.2)',
  hoverFill: 'rgba(31, 95, 168, 0.09)',
  halo: 'rgba(251, 250, 246, 0.9)',
  markScale: 1,
  border: {
    county: { color: '#22313f', width: 2.4, from: 10, grow: 0.3, most: 4, dash: [] },
    town: { color: '#4c5f70', width: 1.4, from: 10, grow: 0.3, most: 3, dash: [] },
    community: { color: '#71869a', width: 0.7, from: 11, grow: 0.3, most: 2, dash: [] },
    grid: { color: '#71869a', width: 0.7, from: 13, grow: 0.25, most: 1.6, dash: [5, 3] },
    micro: { color: '#8798a8', width: 0.7, from: 15, grow: 0.15, most: 1.2, dash: [1.5, 2.5] },
  },
  label: {
    county: { from: 0, to: 9, size: 18, weight: 700, color: '#22313f' },
    town: { from: 9, to: 15, size: 14, weight: 700, color: '#22313f' },
    community: { from: 12, to: 19, size: 12.5, weight: 600, color: '#33465a' },
    grid: { from: 14, to: 19, size: 11.5, weight: 500, color: '#465a6e' },
    micro: { from: 17, to: 19, size: 10.5, weight: 400, color: '#56697c' },
  },
}

/** For a wall: borders stay below what is counted, and only towns are named until the map is near. */
export const DARK: Theme = {
  land: '#15222f',
  alert: '#ff5a4d',
  calm: '#cfe3f5',
  past: '#6d8296',
  select: '#7db8f2',
  selectFill: 'rgba(125, 184, 242, 0.22)',
  hoverFill: 'rgba(125, 184, 242, 0.1)',
  halo: 'rgba(8, 15, 22, 0.85)',
  markScale: 1.8,
  border: {
    county: { ...LIGHT.border.county, color: '#8fa9c0' },
    town: { ...LIGHT.border.town, color: '#5d7890' },
    community: { ...LIGHT.border.community, color: '#3d566c' },
    grid: { ...LIGHT.border.grid, color: '#3d566c' },
    micro: { ...LIGHT.border.micro, color: '#344a5e' },
  },
  label: {
    county: { ...LIGHT.label.county, color: '#eaf2f9' },
    town: { ...LIGHT.label.town, color: '#eaf2f9' },
    community: { ...LIGHT.label.community, from: 13, color: '#c9d8e6' },
    grid: { ...LIGHT.label.grid, from: 15, color: '#afc1d2' },
    micro: { ...LIGHT.label.micro, color: '#9db0c2' },
  },
}

export const LABEL_FONT = "'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans SC', sans-serif"
