import type { Coords } from './leaflet.ts'
import { type LoadedTile, TileAborted, type TileJson, TileSource, type TileUse } from './tiles/source.ts'

/** A tile of the other source, and the part of it that stands on the drawn tile, in its units. */
export interface CompanionTile {
  source: LoadedTile
  extent: number
  left: number
  top: number
  x: number
  y: number
  z: number
}

interface Held {
  coords: Coords
  tile: CompanionTile | null
  use: TileUse | null
  /** On its way, to take the place of `use`. */
  next: TileUse | null
}

/**
 * Tiles of another source beside those that an AreaLayer draws, place for place. When the source is renewed each old tile stays until the
 * new one is there, so nothing flickers; of requests that are overtaken the older is aborted.
 */
export class Companion {
  private readonly held = new Map<HTMLCanvasElement, Held>()
  private source: TileSource | null = null

  constructor(
    private readonly more: (z: number) => string,
    /** `before` is what was shown, or null. */
    private readonly changed: (canvas: HTMLCanvasElement, before: CompanionTile | null) => void,
    /** An error, or null for a tile that came. */
    private readonly settled: (error: Error | null) => void,
  ) {}

  /** Takes the tiles of an address; null shows none. */
  show(json: TileJson | null) {
    if (!json) {
      this.clear()
      return
    }
    if (this.source) this.source.turnTo(json)
    else this.source = new TileSource(json, this.more)
    for (const [canvas, held] of this.held) this.load(canvas, held)
  }

  start(canvas: HTMLCanvasElement, coords: Coords) {
    const held: Held = { coords, tile: null, use: null, next: null }
    this.held.set(canvas, held)
    this.load(canvas, held)
  }

  stop(canvas: HTMLCanvasElement) {
    const held = this.held.get(canvas)
    held?.next?.release()
    held?.use?.release()
    this.held.delete(canvas)
  }

  tileOf(canvas: HTMLCanvasElement): CompanionTile | null {
    return this.held.get(canvas)?.tile ?? null
  }

  /** The tiles of a map zoom that have something in them. */
  *shown(zoom: number): Generator<CompanionTile> {
    for (const { tile, coords } of this.held.values()) if (tile && coords.z === zoom) yield tile
  }

  destroy() {
    this.clear()
    this.held.clear()
  }

  private clear() {
    this.source?.destroy()
    this.source = null
    for (const [canvas, held] of this.held) {
      const before = held.tile
      Object.assign(held, { tile: null, use: null, next: null })
      this.changed(canvas, before)
    }
  }

  private load(canvas: HTMLCanvasElement, held: Held) {
    const { source } = this
    if (!source) return
    const { coords } = held
    const z = coords.z - 1
    const over = Math.max(0, z - source.json.maxzoom)
    if (z < source.json.minzoom) return
    held.next?.release()
    const use = source.use(z - over, coords.x >> over, coords.y >> over)
    held.next = use
    const mine = () => held.next === use && this.held.get(canvas) === held
    use.tile.then(
      (tile) => {
        if (!mine()) return
        held.use?.release()
        const before = held.tile
        held.use = use
        held.next = null
        held.tile = tile && {
          source: tile,
          extent: tile.extent / 2 ** over,
          left: (coords.x % 2 ** over) * (tile.extent / 2 ** over),
          top: (coords.y % 2 ** over) * (tile.extent / 2 ** over),
          x: coords.x,
          y: coords.y,
          z: coords.z,
        }
        this.settled(null)
        this.changed(canvas, before)
      },
      (error: Error) => {
        if (error instanceof TileAborted || !mine()) return
        // What was shown stays; the next renewal tries again.
        held.next = null
        use.release()
        this.settled(error)
      },
    )
  }
}
