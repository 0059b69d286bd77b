import type { ShownTile } from './area-layer.ts'
import { Companion, type CompanionTile } from './companion.ts'
import type { Coords } from './leaflet.ts'
import type { Counted, Overlay, OverlayHost } from './overlay.ts'
import { DIFFERENCE, HEAT, heatColor } from './ramp.ts'
import type { Pen } from './sheet.ts'
import { LABEL_FONT, type Theme } from './style.ts'
import { LEVELS, type Level } from './tiles/decode.ts'
import { featureAt, tracePath } from './tiles/paths.ts'
import type { LoadedTile, TileJson } from './tiles/source.ts'
import { uiScale, type Viewport } from './viewport-canvas.ts'
import { toLonLat, toWorld, worldPixels } from './world.ts'

/** Mean edge of a hexagon of each H3 resolution, in metres (h3geo.org, table of cell statistics). */
const EDGE_M = [1281256, 483057, 182513, 68979, 26072, 9854, 3725, 1406, 531, 201, 76, 29]
const FINEST = 11
const COARSEST = 5
/** A hexagon is at least this wide, in CSS pixels at full HD: it can be seen from afar, and clicked. */
const LEAST_WIDTH = 18
const EQUATOR_M = 40_075_016.686
const HIT_PX = 12

/** What is counted by area: the level, the class of each code, and how many classes there are. */
export interface Shades {
  level: Level
  classes: ReadonlyMap<string, number>
  count: number
}

/**
 * Counts on the map: hexagons of heat or shaded areas on the tiles, incidents and clusters above them. One of the three is shown at a time; the
 * others are null.
 */
export class CountLayers implements Overlay {
  private host: OverlayHost | null = null
  private readonly heat: Companion
  private readonly points: Companion
  private shades: Shades | null = null
  private pointed = false
  private compared = false
  private readonly cellPaths = new WeakMap<LoadedTile, Path2D[]>()

  constructor(
    private readonly theme: Theme,
    /** Latitude that the size of hexagons is chosen for, degrees. */
    private readonly latitude: () => number,
    settled: (error: Error | null) => void,
  ) {
    this.heat = new Companion(
      (z) => `&resolution=${this.resolution(z + 1)}`,
      (canvas, before) => {
        if (!looksAlike(before, this.heat.tileOf(canvas))) this.host?.refill(canvas)
      },
      settled,
    )
    this.points = new Companion(
      () => '',
      () => this.host?.redraw(),
      settled,
    )
  }

  attach(host: OverlayHost) {
    this.host = host
  }

  /** `compared` says that the tiles show the difference of two periods. */
  showHeat(json: TileJson | null, compared = false) {
    this.compared = compared
    this.heat.show(json)
  }

  showPoints(json: TileJson | null) {
    this.pointed = json !== null
    this.points.show(json)
    this.host?.redraw()
  }

  shade(shades: Shades | null) {
    if (!shades && !this.shades) return
    this.shades = shades
    this.host?.refill()
  }

  /** The H3 resolution of hexagons at a map zoom; between two zooms the tiles of the nearer one are drawn. */
  resolution(at: number): number {
    const zoom = Math.round(at)
    const metres = (EQUATOR_M * Math.cos((this.latitude() * Math.PI) / 180)) / worldPixels(zoom)
    const least = LEAST_WIDTH * uiScale() * metres
    for (let r = FINEST; r > COARSEST; r--) if ((EDGE_M[r] as number) * Math.sqrt(3) >= least) return r
    return COARSEST
  }

  tileStarted(canvas: HTMLCanvasElement, coords: Coords) {
    this.heat.start(canvas, coords)
    this.points.start(canvas, coords)
  }

  tileGone(canvas: HTMLCanvasElement) {
    this.heat.stop(canvas)
    this.points.stop(canvas)
  }

  destroy() {
    this.heat.destroy()
    this.points.destroy()
    this.host = null
  }

  paint(
    ctx: Pen,
    canvas: HTMLCanvasElement,
    { source }: ShownTile,
    inUnits: (part: Pick<ShownTile, 'extent' | 'left' | 'top'>) => { unit: number },
  ) {
    if (this.shades) this.paintShades(ctx, source, this.shades)
    const tile = this.heat.tileOf(canvas)
    if (tile?.source.cells) this.paintCells(ctx, tile.source, inUnits(tile).unit)
  }

  private paintShades(ctx: Pen, source: LoadedTile, { level, classes, count }: Shades) {
    const layer = source.areas[level]
    if (!layer) return
    const paths = new Map<number, Path2D>()
    layer.codes.forEach((code, i) => {
      const index = classes.get(code)
      const path = index === undefined ? null : source.paths.area(level, i)
      if (index === undefined || !path) return
      const whole = paths.get(index) ?? new Path2D()
      whole.addPath(path)
      paths.set(index, whole)
    })
    for (const [index, path] of paths) {
      ctx.fillStyle = heatColor(index, count)
      ctx.fill(path)
    }
  }

  private paintCells(ctx: Pen, source: LoadedTile, unit: number) {
    const colors = this.compared ? DIFFERENCE : HEAT
    // A thin dark seam keeps hexagons of one colour apart.
    ctx.strokeStyle = this.theme.land
    ctx.lineWidth = 0.8 * unit
    ctx.setLineDash([])
    this.pathsOf(source).forEach((path, index) => {
      ctx.fillStyle = colors[index] ?? HEAT[0]
      ctx.fill(path)
      ctx.stroke(path)
    })
  }

  /** One path a class, built when it is first painted. */
  private pathsOf(source: LoadedTile): Path2D[] {
    const kept = this.cellPaths.get(source)
    if (kept) return kept
    const { cells } = source
    const paths: Path2D[] = []
    cells?.classes.forEach((value, i) => {
      const index = cells.before ? value + 3 : value
      paths[index] ??= new Path2D()
      paths[index].addPath(tracePath(cells, i, i + 1, true))
    })
    this.cellPaths.set(source, paths)
    return paths
  }

  get empty() {
    return !this.pointed
  }

  draw(ctx: Pen, { toCanvas, width, height, zoom, ui }: Viewport) {
    ctx.textAlign = 'center'
    ctx.textBaseline = 'middle'
    ctx.font = `600 ${12 * ui}px ${LABEL_FONT}`
    ctx.lineWidth = 1.2 * ui
    for (const { source } of this.points.shown(Math.round(zoom))) {
      const { points } = source
      if (!points) continue
      points.counts.forEach((count, i) => {
        const { x, y } = toCanvas({ x: points.x[i] as number, y: points.y[i] as number })
        if (x < -50 || y < -50 || x > width + 50 || y > height + 50) return
        const closed = points.statuses[i] === 'closed' || points.statuses[i] === 'cancelled'
        ctx.beginPath()
        ctx.arc(x, y, radiusOf(count) * ui, 0, 2 * Math.PI)
        ctx.fillStyle = count > 1 ? 'rgba(37, 131, 132, 0.88)' : closed ? this.theme.land : this.theme.calm
        ctx.strokeStyle = count > 1 ? HEAT[6] : closed ? this.theme.past : this.theme.land
        ctx.fill()
        ctx.stroke()
        if (count <= 1) return
        ctx.fillStyle = '#fff'
        ctx.fillText(short(count), x, y)
      })
    }
  }

  find(lon: number, lat: number): Counted | null {
    const zoom = Math.round(this.host?.zoom() ?? 0)
    const world = toWorld(lon, lat)
    return this.pointed ? this.findPoint(world, zoom) : this.findCell(world, zoom)
  }

  private findPoint(at: { x: number; y: number }, zoom: number): Counted | null {
    const pixels = worldPixels(zoom)
    let nearest: Counted | null = null
    let least = Number.POSITIVE_INFINITY
    for (const { source } of this.points.shown(zoom)) {
      const { points } = source
      points?.counts.forEach((count, i) => {
        const x = points.x[i] as number
        const y = points.y[i] as number
        const distance = Math.hypot(x - at.x, y - at.y) * pixels
        if (distance > Math.max(HIT_PX, radiusOf(count)) * uiScale() || distance >= least) return
        least = distance
        const { lon, lat } = toLonLat({ x, y })
        const id = points.ids[i] ?? ''
        // Far out one incident is a cluster of one, and nobody says which.
        nearest =
          id === ''
            ? { kind: 'cluster', count, lon, lat }
            : { kind: 'point', id, item: points.items[i] ?? '', lon, lat }
      })
    }
    return nearest
  }

  private findCell(at: { x: number; y: number }, zoom: number): Counted | null {
    const tiles = 2 ** (zoom - 1)
    for (const tile of this.heat.shown(zoom)) {
      if (tile.x !== Math.floor(at.x * tiles) || tile.y !== Math.floor(at.y * tiles)) continue
      const { cells } = tile.source
      if (!cells) return null
      const i = featureAt(
        cells,
        cells.cells.length,
        tile.left + (at.x * tiles - tile.x) * tile.extent,
        tile.top + (at.y * tiles - tile.y) * tile.extent,
      )
      if (i < 0) return null
      return {
        kind: 'cell',
        cell: cells.cells[i] ?? '',
        count: cells.counts[i] ?? 0,
        before: cells.before?.[i] ?? null,
        box: degreesOf(tile, cells.boxes.subarray(4 * i, 4 * i + 4)),
      }
    }
    return null
  }
}

/** Whether two tiles have the same hexagons in the same classes: their counts may differ. */
function looksAlike(a: CompanionTile | null, b: CompanionTile | null): boolean {
  const [one, other] = [a?.source.cells, b?.source.cells]
  if (!one || !other) return !one && !other
  const compared = (one.before === null) === (other.before === null)
  return compared && same(one.cells, other.cells) && same(one.classes, other.classes)
}

const same = (a: ArrayLike<unknown>, b: ArrayLike<unknown>) =>
  a.length === b.length && Array.prototype.every.call(a, (value, i) => value === b[i])

/** The finest of the levels that a map shows that is not finer than the one wanted. */
export function shadedLevel(wanted: Level, shown: readonly Level[]): Level {
  const coarse = LEVELS.slice(0, LEVELS.indexOf(wanted) + 1).toReversed()
  return coarse.find((level) => shown.includes(level)) ?? shown[0] ?? 'county'
}

/** CSS pixels at full HD: the area grows with the logarithm of the count. */
const radiusOf = (count: number) => (count <= 1 ? 4 : 9 + 3 * Math.log2(count) ** 0.8)

/** 950, 1.2k, 35k: few characters fit into a cluster. */
function short(count: number): string {
  if (count < 1000) return `${count}`
  return count < 10_000 ? `${(count / 1000).toFixed(1)}k` : `${Math.round(count / 1000)}k`
}

function degreesOf(tile: CompanionTile, box: Int16Array): [number, number, number, number] {
  const [minX = 0, minY = 0, maxX = 0, maxY = 0] = box
  const tiles = 2 ** (tile.z - 1)
  const place = (x: number, y: number) =>
    toLonLat({
      x: (tile.x + (x - tile.left) / tile.extent) / tiles,
      y: (tile.y + (y - tile.top) / tile.extent) / tiles,
    })
  const southWest = place(minX, maxY)
  const northEast = place(maxX, minY)
  return [southWest.lon, southWest.lat, northEast.lon, northEast.lat]
}
