import type { Pen } from './sheet.ts'
import type { Theme } from './style.ts'
import type { Painter, Viewport } from './viewport-canvas.ts'
import { toWorld, type WorldPoint, worldPixels } from './world.ts'

/** How an incident is drawn: shape by tier, filled while it is open, red only while it demands action now. */
export interface IncidentMark {
  id: string
  lon: number
  lat: number
  shape: 'circle' | 'square' | 'triangle'
  open: boolean
  urgent: boolean
}

interface Placed extends IncidentMark {
  at: WorldPoint
}

const HIT_PX = 9

/** The incidents of the view. */
export class Incidents implements Painter {
  private marks: Placed[] = []
  private selected: string | null = null

  constructor(
    private readonly theme: Theme,
    private readonly changed: () => void,
  ) {}

  get empty() {
    return this.marks.length === 0
  }

  /** Replaces what is drawn; the last is on top. */
  show(marks: readonly IncidentMark[]) {
    this.marks = marks.map((mark) => ({ ...mark, at: toWorld(mark.lon, mark.lat) }))
    this.changed()
  }

  select(id: string | null) {
    if (this.selected === id) return
    this.selected = id
    this.changed()
  }

  /** The nearest incident within a finger's width of a place, the topmost of several; or null. */
  find(place: WorldPoint, zoom: number): string | null {
    const pixels = worldPixels(zoom)
    let found: string | null = null
    let least = HIT_PX ** 2
    for (const { id, at } of this.marks) {
      const distance = ((at.x - place.x) * pixels) ** 2 + ((at.y - place.y) * pixels) ** 2
      if (distance <= least) {
        least = distance
        found = id
      }
    }
    return found
  }

  draw(ctx: Pen, { toCanvas, width, height, zoom, ui }: Viewport) {
    const size = ui * this.theme.markScale * Math.max(1.7, Math.min(5.5, 2.6 + (zoom - 11) * 0.55))
    for (const mark of this.marks) {
      const { x, y } = toCanvas(mark.at)
      if (x < -10 || y < -10 || x > width + 10 || y > height + 10) continue
      drawMark(ctx, this.theme, mark, x, y, mark.id === this.selected ? size * 1.35 : mark.open ? size : size * 0.8)
      if (mark.id === this.selected) ring(ctx, x, y, size * 2.4, 2 * ui, this.theme.calm)
    }
  }
}

function drawMark(
  ctx: Pen,
  { alert, calm, past, land }: Theme,
  mark: IncidentMark,
  x: number,
  y: number,
  size: number,
) {
  const color = !mark.open ? past : mark.urgent ? alert : calm
  ctx.beginPath()
  if (mark.shape === 'circle') ctx.arc(x, y, size, 0, 2 * Math.PI)
  else if (mark.shape === 'square') ctx.rect(x - size * 0.88, y - size * 0.88, size * 1.76, size * 1.76)
  else {
    ctx.moveTo(x, y - size * 1.2)
    ctx.lineTo(x + size * 1.1, y + size * 0.8)
    ctx.lineTo(x - size * 1.1, y + size * 0.8)
    ctx.closePath()
  }
  // A closed incident is an outline only.
  ctx.fillStyle = mark.open ? color : land
  ctx.strokeStyle = mark.open ? land : color
  ctx.lineWidth = 1.2
  ctx.fill()
  ctx.stroke()
}

function ring(ctx: Pen, x: number, y: number, radius: number, width: number, color: string) {
  ctx.beginPath()
  ctx.arc(x, y, radius, 0, 2 * Math.PI)
  ctx.strokeStyle = color
  ctx.lineWidth = width
  ctx.stroke()
}
