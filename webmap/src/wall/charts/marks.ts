import type { GraphicComponentOption } from 'echarts/components'

/* The marks that charts are drawn of. Lengths are CSS pixels from the chart's top left; later marks lie over earlier ones. */

export type Mark = GraphicComponentOption & { onmouseover?: Pointed; onmouseout?: Pointed }

/** ECharts hands over the mark itself, which its types do not know. */
type Pointed = (event: { target: { parent?: { childOfName(name: string): Painted | null } } }) => void

interface Painted {
  setStyle(style: { fill: string }): void
}

/** A colour, and the one under the pointer. */
export interface Fill {
  fill: string
  lit: string
}

export interface Size {
  width: number
  height: number
}

export interface Box extends Size {
  x: number
  y: number
}

/**
 * A filled box that stands for a row of the chart's table: it can be clicked, and is lit under the pointer. To come under it draws nothing
 * anew: a finger's click needs the same mark from its first touch to its last.
 */
export function bar(row: number, shape: Box, { fill, lit }: Fill): Mark {
  return {
    type: 'rect',
    name: `${row}`,
    info: { row, lit },
    shape: { ...shape },
    style: { fill },
    ...lighting(row, { fill, lit }),
  }
}

/** What lights the bar of a row. */
const lighting = (row: number, { fill, lit }: Fill) => ({ onmouseover: paint(row, lit), onmouseout: paint(row, fill) })

/** Gives nothing back: what is true would keep the event from the chart. */
const paint =
  (row: number, fill: string): Pointed =>
  ({ target }) => {
    target.parent?.childOfName(`${row}`)?.setStyle({ fill })
  }

/** The same as an outline of a width, which lies within the box. It may lie over the row's bar, and lights it. */
export function outline(row: number, { x, y, width, height }: Box, stroke: string, lineWidth: number, bar: Fill): Mark {
  const half = lineWidth / 2
  const shape = { x: x + half, y: y + half, width: Math.max(0, width - lineWidth), height: height - lineWidth }
  return {
    type: 'rect',
    info: { row },
    shape,
    style: { fill: 'transparent', stroke, lineWidth },
    ...lighting(row, bar),
  }
}

/** A line of one device pixel. */
export function rule(x: number, y: number, width: number, stroke: string): Mark {
  const shape = { x1: x, y1: y, x2: x + width, y2: y, subPixelOptimize: true }
  return { type: 'line', silent: true, shape, style: { stroke, lineWidth: 1 } }
}

export function path(points: [x: number, y: number][], stroke: string, lineWidth: number): Mark {
  return {
    type: 'polyline',
    silent: true,
    shape: { points },
    style: { fill: 'none', stroke, lineWidth, lineJoin: 'bevel' },
  }
}

export interface TextLook {
  fill: string
  fontSize: number
  fontFamily: string
  fontWeight?: number
  align?: 'left' | 'center' | 'right'
  verticalAlign?: 'top' | 'middle'
  /** Longer text ends in an ellipsis. */
  width?: number
}

export function text(words: string, x: number, y: number, look: TextLook): Mark {
  const style = { legacy: false, text: words, overflow: 'truncate', ellipsis: '…', ...look } as const
  return { type: 'text', silent: true, x, y, style }
}

/**
 * Round values from 0 to `most` or just above, about `parts` apart: steps are 1, 2, 3, 5 or 10 times a power of ten, and whole numbers.
 */
export function ticks(most: number, parts: number): number[] {
  const raw = most / parts
  const power = 10 ** Math.floor(Math.log10(Math.max(1, raw)))
  const share = raw / power
  const factor = share < 1.5 ? 1 : share < 2.5 ? 2 : share < 4 ? 3 : share < 7 ? 5 : 10
  const step = factor * power
  return Array.from({ length: Math.max(1, Math.ceil(most / step)) + 1 }, (_, i) => i * step)
}
