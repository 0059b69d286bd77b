import * as L from './leaflet.ts'
import { type Pen, Sheet } from './sheet.ts'
import { lineWidth, type Theme } from './style.ts'
import { LEVELS, type Level } from './tiles/decode.ts'
import { areaAt } from './tiles/paths.ts'
import { type LoadedTile, TileAborted, type TileSource, type TileUse } from './tiles/source.ts'
import { uiScale } from './viewport-canvas.ts'
import { toWorld } from './world.ts'

/** CSS pixels of a drawn tile. Vector tiles are made for 512: map zoom z shows the tiles of zoom z - 1. */
const TILE_SIZE = 512
const ZOOM_OFFSET = 1
/** CSS pixels that a drawn tile reaches over its neighbours, so that no gap shows between them at half zooms. */
const BLEED = 2

/** A tile on the screen and the part of its source tile that it shows. */
export interface ShownTile {
  source: LoadedTile
  /** Tile units of one side of the drawn tile. */
  extent: number
  /** Tile units of the drawn tile's top left in the source tile; not 0 only beyond the source's highest zoom. */
  left: number
  top: number
  /** Column and row of the drawn tile, and its map zoom. */
  x: number
  y: number
  z: number
}

export interface FoundArea {
  code: string
  name: string
  level: Level
}

/** Paints something of its own on a tile, on its land and below its borders. */
export interface TileFill {
  /** `inUnits` makes the context draw in tile units of a source tile, of which the drawn tile shows the given part. */
  paint(
    ctx: Pen,
    canvas: HTMLCanvasElement,
    shown: ShownTile,
    inUnits: (part: Pick<ShownTile, 'extent' | 'left' | 'top'>) => { unit: number },
  ): void
}

interface Slot {
  use: TileUse
  shown: ShownTile | null
}

/** How long tiles are painted again in one frame, so that a new fill holds up no pan. */
const REFILL_MS = 6

/**
 * The areas as canvas tiles of our own: land and borders. Labels and highlights lie above, on canvases that no tile edge
 * cuts. Beyond the source's highest zoom its tiles are drawn larger, as sharp as ever.
 */
export class AreaLayer extends L.GridLayer {
  private readonly slots = new Map<HTMLCanvasElement, Slot>()
  private readonly stale = new Set<HTMLCanvasElement>()
  private readonly sheet = new Sheet()
  private frame = 0
  private painted = ''

  constructor(
    readonly source: TileSource,
    private readonly theme: Theme,
    private readonly fill: TileFill | null = null,
  ) {
    super({
      tileSize: TILE_SIZE,
      minZoom: source.json.minzoom + ZOOM_OFFSET,
      maxZoom: 24,
      updateWhenZooming: false,
      updateWhenIdle: false,
      keepBuffer: 1,
      bounds: boundsOf(source),
    })
    // Leaflet's types know tiles as images only.
    this.on('tileunload', (event) => this.drop((event as unknown as { tile: HTMLCanvasElement }).tile))
  }

  override createTile(coords: L.Coords, done: L.DoneCallback): HTMLElement {
    const canvas = document.createElement('canvas')
    const z = coords.z - ZOOM_OFFSET
    const over = Math.max(0, z - this.source.json.maxzoom)
    const use = this.source.use(z - over, coords.x >> over, coords.y >> over)
    const slot: Slot = { use, shown: null }
    this.slots.set(canvas, slot)
    use.tile.then(
      (source) => {
        if (this.slots.get(canvas) !== slot) return
        if (source) {
          const extent = source.extent / 2 ** over
          slot.shown = {
            source,
            extent,
            left: (coords.x % 2 ** over) * extent,
            top: (coords.y % 2 ** over) * extent,
            x: coords.x,
            y: coords.y,
            z: coords.z,
          }
          this.paint(canvas, slot.shown)
        }
        done(undefined, canvas)
      },
      (error: Error) => {
        if (!(error instanceof TileAborted)) done(error, canvas)
      },
    )
    return canvas
  }

  /** The tiles of the present zoom that have something in them. */
  *shown(): Generator<ShownTile> {
    const zoom = Math.round(this._map?.getZoom() ?? -1)
    for (const { shown } of this.slots.values()) if (shown?.z === zoom) yield shown
  }

  /** The levels that have a border or an area in the present zoom, from the widest. */
  levels(): Level[] {
    const shown = [...this.shown()]
    return LEVELS.filter((level) => shown.some(({ source }) => source.borders[level] ?? source.areas[level]))
  }

  /** Draws every tile again from its kept paths if lines would come out in another width than they were drawn for. */
  repaint() {
    const look = `${devicePixelRatio} ${uiScale()} ${this.magnification}`
    if (look === this.painted) return
    this.painted = look
    for (const [canvas, { shown }] of this.slots) if (shown) this.paint(canvas, shown)
  }

  /** Paints a tile, or all, again in the next frames: what fills it has changed. Until then it stays as it is. */
  refill(canvas?: HTMLCanvasElement) {
    for (const each of canvas ? [canvas] : this.slots.keys()) this.stale.add(each)
    this.frame ||= requestAnimationFrame(() => this.refillSome())
  }

  private refillSome() {
    const started = performance.now()
    this.frame = 0
    for (const canvas of this.stale) {
      this.stale.delete(canvas)
      const shown = this.slots.get(canvas)?.shown
      if (shown) this.paint(canvas, shown)
      if (performance.now() - started > REFILL_MS) break
    }
    if (this.stale.size > 0) this.refill(this.stale.values().next().value)
  }

  /** How much larger than painted Leaflet shows the tiles: 1 at whole zooms. */
  private get magnification(): number {
    const zoom = this._map?.getZoom() ?? 0
    return 2 ** (zoom - Math.round(zoom))
  }

  /** The area that is drawn at a place (degrees), the finest that is not finer than the given level, or null. */
  find(lon: number, lat: number, finest: Level = 'micro'): FoundArea | null {
    const zoom = Math.round(this._map?.getZoom() ?? 0)
    const world = toWorld(lon, lat)
    const tiles = 2 ** (zoom - ZOOM_OFFSET)
    const x = world.x * tiles
    const y = world.y * tiles
    for (const shown of this.shown()) {
      if (shown.x !== Math.floor(x) || shown.y !== Math.floor(y)) continue
      for (const level of LEVELS.slice(0, LEVELS.indexOf(finest) + 1).toReversed()) {
        const layer = shown.source.areas[level]
        if (!layer) continue
        const i = areaAt(layer, shown.left + (x - shown.x) * shown.extent, shown.top + (y - shown.y) * shown.extent)
        const code = layer.codes[i]
        if (code !== undefined) return { code, name: layer.names[i] ?? code, level }
      }
    }
    return null
  }

  override onRemove(map: L.Map): this {
    super.onRemove(map)
    for (const canvas of this.slots.keys()) this.drop(canvas)
    cancelAnimationFrame(this.frame)
    return this
  }

  private drop(canvas: HTMLCanvasElement) {
    this.slots.get(canvas)?.use.release()
    this.slots.delete(canvas)
    this.stale.delete(canvas)
  }

  private paint(canvas: HTMLCanvasElement, shown: ShownTile) {
    const { source, z } = shown
    const dpr = devicePixelRatio
    const size = TILE_SIZE + 2 * BLEED
    const ctx = this.sheet.take(Math.round(size * dpr), Math.round(size * dpr))
    if (!ctx) return
    const interfaceScale = uiScale()
    const inUnits = ({ extent, left, top }: Pick<ShownTile, 'extent' | 'left' | 'top'>) => {
      const scale = TILE_SIZE / extent
      const unit = scale * dpr
      ctx.setTransform(unit, 0, 0, unit, BLEED * dpr - left * unit, BLEED * dpr - top * unit)
      return { unit: interfaceScale / (scale * this.magnification) }
    }
    const { unit } = inUnits(shown)
    ctx.fillStyle = this.theme.land
    for (const level of LEVELS) {
      const land = source.paths.level(level)
      if (!land) continue
      ctx.fill(land)
      break
    }
    ctx.lineJoin = 'round'
    ctx.lineCap = 'butt'
    if (this.fill) {
      this.fill.paint(ctx, canvas, shown, inUnits)
      inUnits(shown)
    }
    for (const level of LEVELS.toReversed()) {
      const path = source.paths.border(level)
      if (!path) continue
      const line = this.theme.border[level]
      ctx.strokeStyle = line.color
      ctx.lineWidth = lineWidth(line, z) * unit
      ctx.setLineDash(line.dash.map((length) => length * unit))
      ctx.stroke(path)
    }
    canvas.style.width = canvas.style.height = `${size}px`
    canvas.style.margin = `-${BLEED}px`
    this.sheet.show(canvas)
  }
}

function boundsOf({ json }: TileSource): L.LatLngBounds | undefined {
  const [west, south, east, north] = json.bounds ?? []
  if (west === undefined || south === undefined || east === undefined || north === undefined) return undefined
  return L.latLngBounds([south, west], [north, east])
}
