import type { AreaLayer } from './area-layer.ts'
import { type Box, place } from './collide.ts'
import type { Pen } from './sheet.ts'
import { splitName } from './split-name.ts'
import { LABEL_FONT, type LabelStyle, type Theme } from './style.ts'
import { type LabelPoint, LEVELS } from './tiles/decode.ts'
import type { Painter, Viewport } from './viewport-canvas.ts'

interface Placed extends Box {
  lines: string[]
  style: LabelStyle
  lineHeight: number
  font: string
}

/** The names of areas, placed over the whole view so that none is cut by a tile and none covers another. */
export class Labels implements Painter {
  private points: LabelPoint[] = []
  private readonly widths = new Map<string, number>()

  constructor(
    private readonly theme: Theme,
    private readonly areas: () => AreaLayer,
    private readonly changed: () => void,
  ) {}

  get empty() {
    return this.points.length === 0
  }

  /** Takes the names from the tiles that are shown; until the first of a new zoom is there, the old names stay. */
  refresh() {
    const points = new Map<string, LabelPoint>()
    for (const { source } of this.areas().shown()) for (const label of source.labels) points.set(label.code, label)
    if (points.size === 0) return
    this.points = [...points.values()].sort(byImportance)
    this.changed()
  }

  draw(ctx: Pen, viewport: Viewport) {
    ctx.textAlign = 'center'
    ctx.textBaseline = 'middle'
    ctx.lineJoin = 'round'
    for (const label of place(this.candidates(ctx, viewport))) {
      ctx.font = label.font
      ctx.strokeStyle = this.theme.halo
      ctx.lineWidth = 3 * viewport.ui
      ctx.fillStyle = label.style.color
      label.lines.forEach((line, i) => {
        const y = label.y + (i - (label.lines.length - 1) / 2) * label.lineHeight
        ctx.strokeText(line, label.x, y)
        ctx.fillText(line, label.x, y)
      })
    }
  }

  private *candidates(ctx: Pen, { toCanvas, width, height, zoom, ui }: Viewport): Generator<Placed> {
    for (const point of this.points) {
      const style = this.theme.label[point.level]
      if (zoom < style.from || zoom > style.to) continue
      const { x, y } = toCanvas(point)
      if (x < -100 || y < -40 || x > width + 100 || y > height + 40) continue
      const lines = splitName(point.name)
      const size = style.size * ui
      const font = `${style.weight} ${size}px ${LABEL_FONT}`
      const widest = Math.max(...lines.map((line) => this.measure(ctx, font, line)))
      const lineHeight = size * 1.2
      yield { x, y, width: widest + 8 * ui, height: lineHeight * lines.length + 4 * ui, lines, style, lineHeight, font }
    }
  }

  private measure(ctx: Pen, font: string, text: string): number {
    const key = font + text
    let width = this.widths.get(key)
    if (width === undefined) {
      ctx.font = font
      width = ctx.measureText(text).width
      this.widths.set(key, width)
    }
    return width
  }
}

function byImportance(a: LabelPoint, b: LabelPoint): number {
  return LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level) || a.rank - b.rank || (a.code < b.code ? -1 : 1)
}
