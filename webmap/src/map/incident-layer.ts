import { ALERT, CALM, LAND, PAST } from './style.ts'
import { type Viewport, ViewportCanvas } from './viewport-canvas.ts'
import { toWorld, type WorldPoint } from './world.ts'

/** How an incident is drawn: shape by tier, filled while it is open, red only while it demands action now. */
export interface IncidentMark {
  id: string
  lon: number
  lat: number
  shape: 'circle' | 'square' | 'triangle'
  open: boolean
  urgent: boolean
}

interface Drawn extends IncidentMark {
  at: WorldPoint
}

const PULSE_MS = 1800
const HIT_PX = 9

/** Incidents on one canvas, with a ring that spreads once where a new one arrives. */
export class IncidentLayer extends ViewportCanvas {
  private marks: Drawn[] = []
  private selected: string | null = null
  private readonly pulses = new Map<string, { at: WorldPoint; started: number }>()
  private places: { id: string; x: number; y: number }[] = []
  private readonly calm = matchMedia('(prefers-reduced-motion: reduce)')

  /** Replaces what is drawn; the last is on top. */
  show(marks: readonly IncidentMark[]) {
    this.marks = marks.map((mark) => ({ ...mark, at: toWorld(mark.lon, mark.lat) }))
    this.invalidate()
  }

  select(id: string | null) {
    if (this.selected === id) return
    this.selected = id
    this.invalidate()
  }

  pulse(id: string, lon: number, lat: number) {
    this.pulses.set(id, { at: toWorld(lon, lat), started: performance.now() })
    this.invalidate()
  }

  /** The topmost incident within a finger's width of a place in the view (CSS pixels), or null. */
  find(x: number, y: number): string | null {
    const { offset } = this
    let best: string | null = null
    let least = HIT_PX ** 2
    for (const place of this.places) {
      const distance = (place.x - offset.x - x) ** 2 + (place.y - offset.y - y) ** 2
      if (distance <= least) {
        least = distance
        best = place.id
      }
    }
    return best
  }

  protected override draw(ctx: CanvasRenderingContext2D, { toCanvas, width, height, zoom, ui }: Viewport) {
    const size = ui * Math.max(2.4, Math.min(5.5, 2.4 + (zoom - 11) * 0.55))
    this.places = []
    for (const mark of this.marks) {
      const { x, y } = toCanvas(mark.at)
      if (x < -10 || y < -10 || x > width + 10 || y > height + 10) continue
      this.places.push({ id: mark.id, x, y })
      drawMark(ctx, mark, x, y, mark.id === this.selected ? size * 1.35 : mark.open ? size : size * 0.8)
      if (mark.id === this.selected) ring(ctx, x, y, size * 2.4, 2 * ui, CALM)
    }
    this.drawPulses(ctx, toCanvas, ui)
  }

  private drawPulses(ctx: CanvasRenderingContext2D, toCanvas: Viewport['toCanvas'], ui: number) {
    const now = performance.now()
    for (const [id, pulse] of this.pulses) {
      const progress = (now - pulse.started) / PULSE_MS
      if (progress >= 1) {
        this.pulses.delete(id)
        continue
      }
      const { x, y } = toCanvas(pulse.at)
      const grown = this.calm.matches ? 0.5 : 1 - (1 - progress) ** 3
      ctx.globalAlpha = this.calm.matches ? 0.8 : 1 - progress
      ring(ctx, x, y, (6 + 26 * grown) * ui, 2.5 * ui, ALERT)
      ctx.globalAlpha = 1
    }
    if (this.pulses.size > 0) this.invalidate()
  }
}

function drawMark(ctx: CanvasRenderingContext2D, mark: IncidentMark, x: number, y: number, size: number) {
  const color = !mark.open ? PAST : mark.urgent ? ALERT : CALM
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
  ctx.fillStyle = mark.open ? color : LAND
  ctx.strokeStyle = mark.open ? LAND : color
  ctx.lineWidth = 1.2
  ctx.fill()
  ctx.stroke()
}

function ring(ctx: CanvasRenderingContext2D, x: number, y: number, radius: number, width: number, color: string) {
  ctx.beginPath()
  ctx.arc(x, y, radius, 0, 2 * Math.PI)
  ctx.strokeStyle = color
  ctx.lineWidth = width
  ctx.stroke()
}
