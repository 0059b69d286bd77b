import * as L from './leaflet.ts'
import { type Pen, Sheet } from './sheet.ts'
import { type WorldPoint, worldPixels } from './world.ts'

/** How far the canvas reaches beyond the view on each side, as a part of the view: a short pan shows no bare edge. */
const PADDING = 0.12

/** What a drawing needs to know of the canvas: its size in CSS pixels, and where the world lies on it. */
export interface Viewport {
  width: number
  height: number
  zoom: number
  /** Scale of the interface: 1 at a root font of 14 px. */
  ui: number
  toCanvas(point: WorldPoint): { x: number; y: number }
}

/** Draws one thing on a ViewportCanvas. */
export interface Painter {
  /** There is nothing to draw. */
  readonly empty: boolean
  draw(ctx: Pen, viewport: Viewport): void
}

/**
 * A canvas over the whole view, drawn anew when a move ends and scaled by CSS while a zoom is under way, as L.Renderer
 * does. What is drawn is not cut at tile edges. Painters share a canvas where they can: without a GPU each canvas of the size of
 * the view costs 5 to 10 ms a frame while the map moves. One with nothing on it is hidden for the same reason.
 */
export class ViewportCanvas extends L.Layer {
  private canvas: HTMLCanvasElement | null = null
  private readonly sheet = new Sheet()
  private frame = 0
  private zoom = 0
  /** Top left of what is drawn: pixels of the world at `zoom`. */
  private corner = L.point(0, 0)
  /** What is drawn, in layer points. */
  private drawn = L.bounds([0, 0], [0, 0])

  constructor(
    pane: string,
    private readonly painters: readonly Painter[],
  ) {
    super()
    L.setOptions(this, { pane })
  }

  override onAdd(map: L.Map): this {
    this.canvas = L.DomUtil.create('canvas', 'leaflet-zoom-animated', map.getPane(this.options.pane ?? 'overlayPane'))
    this.canvas.setAttribute('aria-hidden', 'true')
    this.redraw()
    return this
  }

  override onRemove(): this {
    cancelAnimationFrame(this.frame)
    this.frame = 0
    this.canvas?.remove()
    this.canvas = null
    return this
  }

  override getEvents() {
    return {
      viewreset: () => this.redraw(),
      moveend: () => this.redraw(),
      move: () => this.onMove(),
      zoom: () => this.follow(this._map.getCenter(), this._map.getZoom()),
      zoomanim: (event: L.LeafletEvent) => {
        const { center, zoom } = event as L.ZoomAnimEvent
        this.follow(center, zoom)
      },
    }
  }

  /** Draws in the next animation frame, however often it is asked before. */
  invalidate() {
    if (!this.canvas || this.frame) return
    this.frame = requestAnimationFrame(() => {
      this.frame = 0
      this.redraw()
    })
  }

  private onMove() {
    const map = this._map
    const size = map.getSize()
    const view = L.bounds(map.containerPointToLayerPoint([0, 0]), map.containerPointToLayerPoint(size))
    if (map.getZoom() === this.zoom && !this.drawn.contains(view)) this.invalidate()
  }

  private redraw() {
    const { canvas, _map: map } = this
    if (!canvas || !map) return
    canvas.hidden = this.painters.every((painter) => painter.empty)
    if (canvas.hidden) return
    const size = map.getSize()
    const margin = size.multiplyBy(PADDING).ceil()
    const full = size.add(margin.multiplyBy(2))
    const dpr = devicePixelRatio
    canvas.style.width = `${full.x}px`
    canvas.style.height = `${full.y}px`
    const min = map.containerPointToLayerPoint(margin.multiplyBy(-1)).round()
    this.drawn = L.bounds(min, min.add(full))
    this.corner = map.getPixelOrigin().add(min)
    this.zoom = map.getZoom()
    L.DomUtil.setTransform(canvas, min, 1)

    const ctx = this.sheet.take(Math.round(full.x * dpr), Math.round(full.y * dpr))
    if (!ctx) return
    ctx.scale(dpr, dpr)
    const origin = this.corner
    const pixels = worldPixels(this.zoom)
    const viewport: Viewport = {
      width: full.x,
      height: full.y,
      zoom: this.zoom,
      ui: uiScale(),
      toCanvas: ({ x, y }) => ({ x: x * pixels - origin.x, y: y * pixels - origin.y }),
    }
    for (const painter of this.painters) {
      ctx.save()
      painter.draw(ctx, viewport)
      ctx.restore()
    }
    this.sheet.show(canvas)
  }

  /** Moves and scales what is drawn to where it belongs at another centre and zoom. */
  private follow(center: L.LatLng, zoom: number) {
    const { canvas, _map: map } = this
    if (!canvas || !map) return
    const scale = map.getZoomScale(zoom, this.zoom)
    // The pixel origin that the map will have, as Leaflet computes it.
    const panePosition = L.DomUtil.getPosition(map.getPane('mapPane') as HTMLElement)
    const origin = map.project(center, zoom).subtract(map.getSize().divideBy(2)).add(panePosition).round()
    L.DomUtil.setTransform(canvas, this.corner.multiplyBy(scale).subtract(origin), scale)
  }
}

/** The interface grows with the root font on very large screens; what is drawn on canvas grows with it. */
export function uiScale(): number {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 14 || 1
}
